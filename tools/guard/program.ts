// Runs this program on a preview's config without Pulumi's engine, to see which resources it registers.
import "../../infra/lean-sdk.ts";

import * as pulumi from "@pulumi/pulumi";
import messages from "@pulumi/pulumi/proto/resource_pb.js";
import type { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";

import { parseConfig, rawConfig } from "../../infra/config.ts";
import { deploy } from "../../infra/deploy.ts";
import type { Stack } from "../../infra/model/stack.ts";
import type { Answer, Preview, Values } from "./preview.ts";
import { SECRET, UNKNOWN, withoutId } from "./preview.ts";

/** What this program makes of the preview's config. */
export type Asked =
  | {
      readonly kind: "asked";
      readonly stack: Stack;
      readonly resources: ReadonlyMap<string, Registered>;
    }
  | { readonly kind: "unknown"; readonly why: string };

let last: Promise<unknown> = Promise.resolve();

/**
 * Runs this program once more on the preview's config, and answers for each resource what the engine answered: the ids and outputs that the
 * preview shows. So what it registers is what the preview must show, down to the last property.
 */
export function askedBy(preview: Preview): Promise<Asked> {
  // One at a time: the SDK keeps its state in the process.
  const asked = last.then(() => run(preview));
  last = asked;
  return asked;
}

async function run(preview: Preview): Promise<Asked> {
  const [, , stack, , project] = preview.steps[0]?.urn.split(":") ?? [];
  if (stack === undefined || project === undefined)
    return { kind: "unknown", why: "it has no steps" };
  const failures: unknown[] = [];
  const failed = (reason: unknown) => failures.push(reason);
  // Nobody awaits what is rejected within an output.
  process.on("unhandledRejection", failed);
  try {
    const config = parseConfig(rawConfig(preview.config), new Date());
    const answers = new Map(preview.steps.map(({ urn, answer }) => [urn, answer]));
    const registered = await register(
      { project, stack, answer: ({ urn }) => knownOf(answers.get(urn)) },
      () => deploy(config),
    );
    if (failures.length > 0) throw failures[0];
    return {
      kind: "asked",
      stack: config.stack,
      resources: new Map(registered.map((one) => [one.urn, one])),
    };
  } catch (error) {
    return {
      kind: "unknown",
      why: `what this program makes of the preview's config can't be told: ${(error as Error).message}`,
    };
  } finally {
    process.off("unhandledRejection", failed);
  }
}

/** Nothing is known of a resource that the preview doesn't show. */
function knownOf(answer: Answer | undefined): Answer {
  if (answer === undefined) return { id: undefined, outputs: {} };
  return { id: answer.id, outputs: hidden(answer.outputs) as Values };
}

/** A secret is shown as a placeholder of the CLI's: the program gets a secret instead, of which nothing is known. */
function hidden(value: unknown): unknown {
  if (value === SECRET) return HIDDEN;
  if (Array.isArray(value)) return value.map(hidden);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hidden(inner)]));
}

/** A resource as a program registers it. */
export interface Registered {
  readonly urn: string;
  readonly type: string;
  readonly custom: boolean;
  readonly parent: string;
  /** Secrets are still marked, and what isn't known is `UNKNOWN`. */
  readonly inputs: Values;
  /** By input: the resources that it comes from. */
  readonly dependencies: Readonly<Record<string, readonly string[]>>;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  /** URN of the provider, without its id. */
  readonly provider: string;
}

export interface Engine {
  readonly project: string;
  readonly stack: string;
  answer(registered: Registered): Answer;
}

/** By what the SDK marks a secret on its way to the engine and back. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const MARK = "1b47061264138c4ac30d75fd1eb44270";

/** A secret of which nobody knows more than that it is one. */
const HIDDEN: Values = { [SIGNATURE]: MARK, value: UNKNOWN };

export function isSecret(value: unknown): value is { readonly value: unknown } {
  return typeof value === "object" && value !== null && Reflect.get(value, SIGNATURE) === MARK;
}

/**
 * Runs a program as in a preview, with `engine` in the place of Pulumi's, and returns what it registers, in that order. The SDK keeps its
 * state in the process: one program at a time.
 */
async function register(
  { project, stack, answer }: Engine,
  program: () => Promise<unknown> | unknown,
): Promise<readonly Registered[]> {
  await pulumi.runtime.setMocks(
    { newResource: unasked, call: ({ token }) => lookUp(token) },
    project,
    stack,
    true,
  );
  const root = `urn:pulumi:${stack}::${project}::pulumi:pulumi:Stack::${project}-${stack}`;
  const all: Registered[] = [];
  const monitor = pulumi.runtime.getMonitor() as unknown as MockMonitor;
  monitor.registerResource = async (request, callback) => {
    const registered = registeredBy(request, { project, stack, root });
    all.push(registered);
    const { id, outputs } = answer(registered);
    const response = new messages.RegisterResourceResponse();
    response.setUrn(registered.urn);
    response.setId(id ?? "");
    response.setObject(struct.Struct.fromJavaScript(outputs as never));
    callback(null, response);
  };
  monitor.registerResourceOutputs = (_, callback) => callback(null, {});
  await program();
  await pulumi.runtime.disconnect();
  return all;
}

function unasked(): never {
  throw new Error("every registration is answered before it comes here");
}

/** The only look-up of the program: a login to push images. Its password is a secret, and another one each time. */
function lookUp(token: string) {
  if (token === "aws:ecr/getAuthorizationToken:getAuthorizationToken")
    return { userName: "AWS", password: UNKNOWN };
  throw new Error(`the program looks up ${token}, which the guard doesn't know`);
}

/** What the URN of each of its resources begins with. */
interface ProgramUrn {
  readonly project: string;
  readonly stack: string;
  /** The stack's own URN. */
  readonly root: string;
}

interface Request {
  getType(): string;
  getName(): string;
  getParent(): string;
  getCustom(): boolean;
  getProtect(): boolean;
  getRetainondelete(): boolean;
  getProvider(): string;
  getVersion(): string;
  getObject(): { toJavaScript(): unknown } | undefined;
  getPropertydependenciesMap(): {
    forEach(use: (value: { getUrnsList(): readonly string[] }, key: string) => void): void;
  };
}

function registeredBy(request: Request, { project, stack, root }: ProgramUrn): Registered {
  const type = request.getType();
  const parent = request.getParent();
  const above = parent === "" || parent === root ? "" : `${parent.split("::")[2]}$`;
  const dependencies: Record<string, readonly string[]> = {};
  request.getPropertydependenciesMap().forEach((value, key) => {
    dependencies[key] = value.getUrnsList();
  });
  return {
    urn: `urn:pulumi:${stack}::${project}::${above}${type}::${request.getName()}`,
    type,
    custom: request.getCustom(),
    parent: parent === "" ? root : parent,
    inputs: (request.getObject()?.toJavaScript() ?? {}) as Values,
    dependencies,
    protect: request.getProtect(),
    retainOnDelete: request.getRetainondelete(),
    provider: withoutId(request.getProvider()) || defaultProvider(type, request.getVersion()),
  };

  /** The engine starts one for each version that is asked for. */
  function defaultProvider(of: string, version: string): string {
    const [name = ""] = of.split(":");
    if (!request.getCustom() || name === "pulumi") return "";
    const suffix = version === "" ? "" : `_${version.replaceAll(/[^0-9A-Za-z]/g, "_")}`;
    return `urn:pulumi:${stack}::${project}::pulumi:providers:${name}::default${suffix}`;
  }
}
