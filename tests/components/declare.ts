import "../../infra/lean-sdk.ts";

import { setTimeout } from "node:timers/promises";

import * as pulumi from "@pulumi/pulumi";
import type { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";

import {
  certRequest,
  locallySignedCert,
  selfSignedCert,
} from "../../tools/airgap/tls/certificates.ts";
import { privateKey } from "../../tools/airgap/tls/keys.ts";
import { mistakes } from "../support/aws/check.ts";
import { made, making } from "../support/aws/make.ts";
import { tables } from "../support/aws/tables/all.ts";

type Inputs = Readonly<Record<string, unknown>>;

/** One resource that a component declared, without its ancestors. */
export interface Declared {
  readonly type: string;
  /** Of the component around it, and those around that; empty at the top. */
  readonly within: string;
  readonly name: string;
  readonly inputs: Inputs;
  readonly id: string;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  readonly deleteBeforeReplace: boolean;
  /** Names of what must be there first, whether an input needs it or not. */
  readonly after: readonly string[];
  /** Inputs that are marked as secret. */
  readonly secrets: readonly string[];
}

const TLS = {
  "tls:index/privateKey:PrivateKey": privateKey,
  "tls:index/certRequest:CertRequest": certRequest,
  "tls:index/selfSignedCert:SelfSignedCert": selfSignedCert,
  "tls:index/locallySignedCert:LocallySignedCert": locallySignedCert,
} as const;

const SLOW_MS = 2000;

/** By what the SDK marks a secret on its way to the engine. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/**
 * Runs the part of a program that declares resources, with Pulumi's mocks in the engine's place. They answer as the stand-ins of both
 * plugins do: what those refuse fails here too. Components themselves don't count. Resources are in the order in which they were made; one
 * that is `slow` is made long after everything that doesn't wait for it.
 */
export async function declare<T>(
  program: () => T,
  { slow = [] }: { readonly slow?: readonly string[] } = {},
): Promise<{ readonly built: T; readonly resources: readonly Declared[] }> {
  const newResource = async (args: pulumi.runtime.MockResourceArgs) => {
    if (slow.includes(args.name)) await setTimeout(SLOW_MS);
    return answer(args);
  };
  await pulumi.runtime.setMocks({ newResource, call: refuse }, "portico", "test", false);
  const resources: Declared[] = [];
  listen(pulumi.runtime.getMonitor() as unknown as MockMonitor, resources);
  const built = program();
  await pulumi.runtime.disconnect();
  return { built, resources };
}

/** The value of an output, which a component without an engine has at once. */
export function settled<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((done) => output.apply((value) => done(value)));
}

/** The only one of its type, or of its type and name. */
export function only(resources: readonly Declared[], type: string, name?: string): Declared {
  const found = all(resources, type).filter((one) => name === undefined || one.name === name);
  const [first] = found;
  if (found.length !== 1 || first === undefined)
    throw new Error(`${found.length} of ${type} ${name ?? ""}, not one`);
  return first;
}

/** Of a type by its last part, such as `Vpc`. */
export function all(resources: readonly Declared[], type: string): readonly Declared[] {
  return resources.filter((one) => one.type.endsWith(`:${type}`));
}

async function answer({ type, name, inputs }: pulumi.runtime.MockResourceArgs) {
  const given = unmarked(inputs) as Inputs;
  const table = tables[type];
  if (table) {
    const wrong = mistakes(type, table, given);
    if (wrong.length > 0) throw new Error(JSON.stringify({ name, wrong }));
    const filled = { ...autoname(table, name), region: "eu-central-1", ...given };
    const { id, outputs } = made(
      table,
      making(`urn:pulumi:test::portico::${type}::${name}`, filled),
    );
    return { id, state: { ...filled, ...outputs } };
  }
  if (type in TLS) {
    const kind = TLS[type as keyof typeof TLS];
    const { id, outputs } = await kind.create(
      kind.inputs.parse(given) as never,
      AbortSignal.timeout(60_000),
    );
    const secrets = (kind.secrets ?? []).filter((key) => key in outputs);
    const marked = secrets.map((key) => [key, pulumi.secret(outputs[key])]);
    return { id, state: { ...given, ...outputs, ...Object.fromEntries(marked) } };
  }
  return { id: `${name}-id`, state: given };
}

function autoname({ autoname }: (typeof tables)[string], name: string): Inputs {
  return autoname ? { [autoname.property]: autoname.make(name, "0123456") } : {};
}

function refuse({ token }: pulumi.runtime.MockCallArgs): never {
  throw new Error(`a component looks nothing up, but this one asks for ${token}`);
}

/** Mocks see no options of a resource: this looks at the request itself. */
function listen(monitor: MockMonitor, resources: Declared[]): void {
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    return register(request, (error: unknown, response: { getId(): string } | undefined) => {
      if (request.getCustom() && response !== undefined)
        resources.push(declaredBy(request, response.getId()));
      callback(error as never, response as never);
    });
  };
}

function declaredBy(request: Request, id: string): Declared {
  const marked = request.getObject().toJavaScript() as Inputs;
  return {
    type: request.getType(),
    within: request.getParent().split("::")[2] ?? "",
    name: request.getName(),
    inputs: unmarked(marked) as Inputs,
    id,
    protect: request.getProtect(),
    retainOnDelete: request.getRetainondelete(),
    deleteBeforeReplace: request.getDeletebeforereplace(),
    after: request.getDependenciesList().map((urn) => urn.split("::").at(-1) ?? ""),
    secrets: Object.keys(marked).filter((key) => Object(marked[key])[SIGNATURE] === SECRET),
  };
}

interface Request {
  getObject(): { toJavaScript(): unknown };
  getType(): string;
  getName(): string;
  getParent(): string;
  getProtect(): boolean;
  getRetainondelete(): boolean;
  getDeletebeforereplace(): boolean;
  getDependenciesList(): readonly string[];
}

function unmarked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unmarked);
  if (typeof value !== "object" || value === null) return value;
  if (Reflect.get(value, SIGNATURE) === SECRET) return unmarked(Reflect.get(value, "value"));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unmarked(item)]));
}
