// Rules on what an update takes away: data, identity, durability, and more than one machine at a time.
import { z } from "zod";

import type { Facts, Machine, Rule } from "./facts.ts";
import { kindOf, title } from "./facts.ts";
import type { State, Step } from "./preview.ts";
import { isUnknown, SECRET } from "./preview.ts";

/** Why each of these can't be made again. */
export const HOLDS: Readonly<Record<string, string>> = {
  volume: "the data on it would be gone",
  "authority's key": "no client would trust the deployment's certificates any more",
  "password source": "every password would be another one",
  "KMS key": "nothing that it encrypted could be read again",
  bucket: "documents, secrets and images would be gone",
  address: "clients have it in their URIs, and certificates name it",
};

/** What holds data or identity is neither deleted nor replaced, protected or not. */
export const nothingLost: Rule = ({ changes }) =>
  changes.flatMap((step) => {
    if (step.op !== "delete" && step.op !== "replace") return [];
    const why = HOLDS[kindOf(step) ?? ""] ?? protection(step);
    return why === undefined ? [] : [`${title(step)} would be ${step.op}d: ${why}.`];
  });

function protection({ old }: Step): string | undefined {
  return old?.protect ? "it is protected" : undefined;
}

/** What may be replaced unnoticed, or is counted by a rule of its own: machines and what they are made of. */
const REPLACEABLE: readonly string[] = [
  "aws:ec2/instance:Instance",
  "aws:ec2/networkInterface:NetworkInterface",
  "aws:ec2/volumeAttachment:VolumeAttachment",
  "aws:s3/bucketObjectv2:BucketObjectv2",
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
];

/** What is lost for good: another rule refuses that. */
const HOLDS_DATA: readonly unknown[] = ["volume", "KMS key", "bucket", "address"];

/** Networks, groups, roles and the bucket's settings are made once. What hangs on them would be cut off, or open, while they are made anew. */
export const kept: Rule = ({ changes }) =>
  changes
    .filter(({ op, type }) => op === "replace" && type.startsWith("aws:"))
    .filter(({ type }) => !REPLACEABLE.includes(type))
    .filter((step) => !step.old?.protect && !HOLDS_DATA.includes(kindOf(step)))
    .map((step) => `${title(step)} would be replaced, and what hangs on it would be cut off.`);

/** A node's settings: `node.json` in the bucket, or in a folder on this machine. */
const NODE_SETTINGS = /-node\.json$/;
const NodeSettings = z.looseObject({ durability: z.string() });

/** With `quorum` no acknowledged row is lost with a node. Who gives that up decides it apart from everything else. */
export const notWeakened: Rule = ({ changes, ownerOf }) => {
  const weakened = changes
    .filter(({ name }) => NODE_SETTINGS.test(name))
    .filter(({ old, new: next }) => durability(old) === "quorum" && durability(next) === "async")
    .map((step) => ownerOf(step).deployment ?? step.name);
  return [...new Set(weakened)].map(
    (deployment) =>
      `${deployment} would acknowledge what only its leader has (durability: async), so a lost node could lose acknowledged rows.`,
  );
};

function durability(state: State | undefined): string | undefined {
  try {
    return NodeSettings.parse(JSON.parse(String(state?.inputs.content))).durability;
  } catch {
    return undefined;
  }
}

/** What a node is made of. */
const STATEFUL: readonly unknown[] = ["machine", "volume", "attachment", "interface"];

/** What a client meets at a portal. */
const FACING: readonly unknown[] = ["machine", "interface", "address"];

/** An update replaces its machines together, so if it takes away two nodes, both are gone at once. */
export const oneNodeAtATime: Rule = (facts) =>
  gone(facts, "node", (step) => [
    ...replacedFor(step, STATEFUL),
    ...stopsFor(step),
    // Nodes don't wait for each other, as portals do.
    ...restartsFor(step),
  ]).map(
    ([deployment, machines, how, why]) =>
      `${deployment}: ${machines} would be ${how} in one update (${why}); change one node, wait until it is back, then the next.`,
  );

/** There are two portals so that one may be away. */
export const oneTwinAtATime: Rule = (facts) =>
  gone(facts, "portal", (step) => [...replacedFor(step, FACING), ...stopsFor(step)]).map(
    ([deployment, machines, how, why]) =>
      `${deployment}: ${machines} would be ${how} in one update (${why}), so no portal would be left to connect to; change one after the other.`,
  );

/** The property that takes a machine away; empty where it stays. */
type Why = (step: Step) => readonly string[];

type Group = readonly [deployment: string, machines: string, how: string, why: string];

function gone({ changes, ownerOf }: Facts, kind: Machine["kind"], whyOf: Why): readonly Group[] {
  const groups = new Map<string, { readonly step: Step; readonly machine: string }[]>();
  for (const step of changes) {
    const { deployment = "", machine } = ownerOf(step);
    if (machine?.kind !== kind || whyOf(step).length === 0) continue;
    groups.set(deployment, [...(groups.get(deployment) ?? []), { step, machine: machine.name }]);
  }
  return [...groups].flatMap(([deployment, all]) => {
    const machines = unique(all.map(({ machine }) => machine));
    if (machines.length < 2) return [];
    const how = unique(all.map(({ step: { op } }) => HOW[op] ?? "restarted"));
    const why = unique(
      all.flatMap(({ step }) => whyOf(step)).filter((one) => one !== UNKNOWN_REASON),
    );
    return [
      [deployment, list(machines), how.join(" or "), why.join(", ") || "no reason given"] as const,
    ];
  });
}

const HOW: Partial<Record<Step["op"], string>> = { replace: "replaced", delete: "deleted" };
const UNKNOWN_REASON = "";

function replacedFor(step: Step, parts: readonly unknown[]): readonly string[] {
  if (!parts.includes(kindOf(step))) return [];
  // A machine that moves to another URN is deleted there and made anew here: gone all the same.
  if (step.op === "delete") return [UNKNOWN_REASON];
  if (step.op !== "replace") return [];
  return step.reasons.length > 0 ? step.reasons : [UNKNOWN_REASON];
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}

function list(texts: readonly string[]): string {
  return `${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}`;
}

/** What EC2 changes only in an instance that is stopped, so the provider stops it and starts it again. */
const STOPPING = ["instanceType", "userData", "userDataBase64"] as const;

const MachineSettings = z.looseObject({ image: z.string() });

/** Why the machine that the step belongs to is away for a while, without being replaced; empty: it goes on. */
function stopsFor(step: Step): readonly string[] {
  if (step.op !== "update") return [];
  const [before, after] = [step.old, step.new];
  if (step.type === "aws:ec2/instance:Instance")
    return STOPPING.filter((key) => !same(before?.inputs[key], after?.inputs[key]));
  return [];
}

/** Why the machine's container ends and another one begins; empty: it goes on. */
function restartsFor(step: Step): readonly string[] {
  if (step.op !== "update" || kindOf(step) !== "machine settings") return [];
  const [before, after] = [imageIn(step.old), imageIn(step.new)];
  return before !== undefined && before === after ? [] : ["image"];
}

/** Undefined: nobody can tell before the update. */
function imageIn(state: State | undefined): string | undefined {
  const content = state?.inputs.content;
  if (typeof content !== "string" || isUnknown(content) || content === SECRET) return undefined;
  try {
    return MachineSettings.parse(JSON.parse(content)).image;
  } catch {
    return undefined;
  }
}

function same(before: unknown, after: unknown): boolean {
  return !isUnknown(after) && JSON.stringify(before) === JSON.stringify(after);
}
