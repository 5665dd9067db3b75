// What rules are judged on: of which kind each resource is, whose it is, and what the portals' documents say.
import { z } from "zod";

import { canonicalCidr } from "../../proxy-image/src/cidr.ts";
import type { Preview, State, Step } from "./preview.ts";
import { isUnknown, SECRET } from "./preview.ts";

/** What every rule is judged on. */
export interface Facts {
  readonly preview: Preview;
  readonly ownerOf: OwnerOf;
  readonly documents: readonly DocumentChange[];
  /** Steps that do something. */
  readonly changes: readonly Step[];
}

/** A sentence for each thing that is refused; none: fine. */
export type Rule = (facts: Facts) => readonly string[];

export function factsOf(preview: Preview): Facts {
  const ownerOf = ownersIn(preview);
  return {
    preview,
    ownerOf,
    documents: documentsIn(preview, ownerOf),
    changes: preview.steps.filter(({ op }) => op !== "same"),
  };
}

/** What the guard calls the resource types of both targets. */
const KINDS = {
  "aws:ec2/instance:Instance": "machine",
  "docker:index/container:Container": "machine",
  "aws:ebs/volume:Volume": "volume",
  "aws:ec2/volumeAttachment:VolumeAttachment": "attachment",
  "docker:index/volume:Volume": "volume",
  "aws:ec2/networkInterface:NetworkInterface": "interface",
  "aws:ec2/eip:Eip": "address",
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "ingress rule",
  "aws:kms/key:Key": "KMS key",
  "aws:s3/bucket:Bucket": "bucket",
  "aws:s3/bucketV2:BucketV2": "bucket",
  "portico:index:Document": "document",
  "tls:index/locallySignedCert:LocallySignedCert": "certificate",
  "tls:index/selfSignedCert:SelfSignedCert": "certificate",
} as const;

type Kind =
  | (typeof KINDS)[keyof typeof KINDS]
  | "authority's key"
  | "password source"
  | "machine settings";

/** Undefined: a resource of which the guard knows no more than its type. */
export function kindOf({ type, urn, name }: Pick<Step, "type" | "urn" | "name">): Kind | undefined {
  if (type === "aws:s3/bucketObjectv2:BucketObjectv2") {
    if (name.endsWith("-document")) return "document";
    return name.endsWith("-machine.json") ? "machine settings" : undefined;
  }
  if (type === "tls:index/privateKey:PrivateKey") {
    if (urn.includes(":Authority$")) return "authority's key";
    if (urn.includes(":Passwords$")) return "password source";
    return undefined;
  }
  return Object.hasOwn(KINDS, type) ? KINDS[type as keyof typeof KINDS] : undefined;
}

/** What a person calls it: `Volume orders-1-data`. */
export function title({ type, name }: Pick<Step, "type" | "name">): string {
  return `${type.split(":").at(-1)} ${name}`;
}

/**
 * Whose a resource is. This file alone knows how to find that:
 *
 * - a deployment is the nearest ancestor whose type ends with `:Deployment`; its name is the deployment's. Parents come from the states
 *   (`parent`); where an ancestor is not in the preview its URN still has its type and name, and `fromName` does the rest.
 * - a machine is named `<deployment>-<n>` (a node) or `<deployment>-portal-<n>`, and so is, with a suffix, all that it has.
 */
export interface Owner {
  /** Undefined: the resource belongs to the whole stack. */
  readonly deployment: string | undefined;
  readonly machine: Machine | undefined;
}

export interface Machine {
  readonly kind: "node" | "portal";
  /** Such as `orders-1` or `orders-portal-2`. */
  readonly name: string;
}

export type OwnerOf = (step: Step) => Owner;

function ownersIn({ steps }: Preview): OwnerOf {
  const parents = new Map(
    steps.map(({ urn, old, new: next }) => [urn, next?.parent ?? old?.parent]),
  );
  const owners = new Map(
    steps.map((step) => {
      const deployment = deploymentOf(step.urn, parents);
      return [step.urn, { deployment, machine: machineOf(step.name, deployment) }];
    }),
  );
  return ({ urn }) => owners.get(urn) ?? { deployment: undefined, machine: undefined };
}

function deploymentOf(
  urn: string,
  parents: ReadonlyMap<string, string | undefined>,
): string | undefined {
  const seen = new Set<string>();
  for (let at: string | undefined = urn; at !== undefined && !seen.has(at); at = parents.get(at)) {
    seen.add(at);
    const { types, name } = partsOf(at);
    if (isDeployment(types.at(-1))) return name;
    if (!types.some(isDeployment)) return undefined;
    if (!parents.has(at)) return fromName(types, name);
  }
  return undefined;
}

/** For an ancestor below a deployment that is not in the preview, such as a node's component that stays as it is. */
function fromName(types: readonly string[], name: string): string {
  const below = (kind: string) => types.some((type) => type.endsWith(`:${kind}`));
  const machine = below("Portal") ? /^(.+)-portal-\d+/ : below("Node") ? /^(.+)-\d+/ : undefined;
  return machine?.exec(name)?.[1] ?? name;
}

function machineOf(name: string, deployment: string | undefined): Machine | undefined {
  if (deployment === undefined || !name.startsWith(`${deployment}-`)) return undefined;
  const [, machine = "", portal] =
    /^((portal-)?\d+)(?:-[a-z][a-z0-9.-]*)?$/.exec(name.slice(deployment.length + 1)) ?? [];
  if (machine === "") return undefined;
  return { kind: portal === undefined ? "node" : "portal", name: `${deployment}-${machine}` };
}

function isDeployment(type: string | undefined): boolean {
  return type?.endsWith(":Deployment") ?? false;
}

function partsOf(urn: string): { readonly types: readonly string[]; readonly name: string } {
  const [, , types = "", ...name] = urn.split("::");
  return { types: types.split("$"), name: name.join("::") };
}

/** The portals' document of one deployment, before and after. */
export interface DocumentChange {
  readonly deployment: string;
  readonly step: Step;
  readonly before: Content;
  readonly after: Content;
}

/** `absent`: there is no document, so it lets nobody in. */
export type Content =
  | { readonly kind: "absent" }
  | { readonly kind: "unreadable"; readonly why: string }
  | {
      readonly kind: "document";
      readonly open: boolean;
      readonly whitelist: ReadonlyMap<string, Entry>;
      /** Everything else in it, as text by key. */
      readonly rest: ReadonlyMap<string, string>;
    };

export interface Entry {
  readonly note: string;
  readonly until?: string;
}

const Shape = z.looseObject({
  open: z.boolean().default(false),
  whitelist: z.record(
    z.string(),
    z.union([
      z.string(),
      z.looseObject({ note: z.string().default(""), until: z.string().optional() }),
    ]),
  ),
});

/** The blocks on a whitelist. A line that is none lets nobody in: portals refuse the document. */
export function cidrsIn(content: Content): readonly string[] {
  if (content.kind !== "document") return [];
  return [...content.whitelist.keys()].filter((cidr) => canonicalCidr(cidr) !== undefined);
}

/** Every document in the preview, changed or not. */
function documentsIn({ steps }: Preview, ownerOf: OwnerOf): readonly DocumentChange[] {
  return steps
    .filter((step) => kindOf(step) === "document")
    .map((step) => ({
      step,
      deployment: ownerOf(step).deployment ?? step.name,
      before: contentOf(step.op === "create" ? undefined : step.old),
      after: contentOf(step.op === "delete" ? undefined : step.new),
    }));
}

function contentOf(state: State | undefined): Content {
  if (state === undefined) return { kind: "absent" };
  const { content } = state.inputs;
  if (typeof content !== "string" || isUnknown(content) || content === SECRET)
    return { kind: "unreadable", why: "isn't known before the update" };
  try {
    const { open, whitelist, ...rest } = Shape.parse(JSON.parse(content));
    return {
      kind: "document",
      open,
      whitelist: new Map(Object.entries(whitelist).map(([cidr, entry]) => [cidr, entryOf(entry)])),
      rest: new Map(Object.entries(rest).map(([key, value]) => [key, JSON.stringify(value)])),
    };
  } catch (error) {
    return { kind: "unreadable", why: `can't be read: ${(error as Error).message}` };
  }
}

function entryOf(entry: z.infer<typeof Shape>["whitelist"][string]): Entry {
  if (typeof entry === "string") return { note: entry };
  const { note, until } = entry;
  return until === undefined ? { note } : { note, until };
}
