import type { Facts, Rule } from "../facts.ts";
import { restartsFor, stopsFor } from "../gone.ts";
import { kindOf } from "../kind.ts";
import type { Machine } from "../place.ts";
import type { Step } from "../preview.ts";

/** What a node is made of. */
const STATEFUL: readonly unknown[] = ["machine", "volume", "attachment", "interface"];

/** What a client meets at a portal. */
const FACING: readonly unknown[] = ["machine", "interface", "address"];

/** Machines of one update go together, so two nodes that it takes away are two nodes gone at once. */
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

/** Two portals are there so that one can go. */
export const oneTwinAtATime: Rule = (facts) =>
  gone(facts, "portal", (step) => [...replacedFor(step, FACING), ...stopsFor(step)]).map(
    ([deployment, machines, how, why]) =>
      `${deployment}: ${machines} would be ${how} in one update (${why}), so no portal would be left to connect to; change one after the other.`,
  );

/** The property that takes a machine away; empty where it stays. */
type Why = (step: Step) => readonly string[];

type Group = readonly [deployment: string, machines: string, how: string, why: string];

function gone({ changes, placeOf }: Facts, kind: Machine["kind"], whyOf: Why): readonly Group[] {
  const groups = new Map<string, { readonly step: Step; readonly machine: string }[]>();
  for (const step of changes) {
    const { deployment = "", machine } = placeOf(step);
    if (machine?.kind !== kind || whyOf(step).length === 0) continue;
    groups.set(deployment, [...(groups.get(deployment) ?? []), { step, machine: machine.name }]);
  }
  return [...groups].flatMap(([deployment, all]) => {
    const machines = unique(all.map(({ machine }) => machine));
    if (machines.length < 2) return [];
    const how = unique(all.map(({ step: { op } }) => HOW[op] ?? "restarted"));
    const why = unique(all.flatMap(({ step }) => whyOf(step)).filter((one) => one !== UNSAID));
    return [
      [deployment, list(machines), how.join(" or "), why.join(", ") || "no reason given"] as const,
    ];
  });
}

const HOW: Partial<Record<Step["op"], string>> = { replace: "replaced", delete: "deleted" };
const UNSAID = "";

function replacedFor(step: Step, parts: readonly unknown[]): readonly string[] {
  if (!parts.includes(kindOf(step))) return [];
  // A machine that moves to another URN is deleted there and made anew here: gone all the same.
  if (step.op === "delete") return [UNSAID];
  if (step.op !== "replace") return [];
  return step.reasons.length > 0 ? step.reasons : [UNSAID];
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}

function list(texts: readonly string[]): string {
  return `${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}`;
}
