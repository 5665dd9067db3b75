import type { Facts, Rule } from "../facts.ts";
import { kindOf } from "../kind.ts";
import type { Machine } from "../place.ts";
import type { Step } from "../preview.ts";

/** What a node is made of. */
const STATEFUL: readonly unknown[] = ["machine", "volume", "interface"];

/** What a client meets at a portal. */
const FACING: readonly unknown[] = ["machine", "interface", "address"];

/** Replacements begin together, so two nodes replaced in one update are two nodes gone at once. */
export const oneNodeAtATime: Rule = (facts) =>
  replaced(facts, "node", STATEFUL).map(
    ([deployment, machines, why]) =>
      `${deployment}: ${list(machines)} would be replaced in one update (${why}); replace one node, wait until it is back, then the next.`,
  );

/** Two portals are there so that one can go. */
export const oneTwinAtATime: Rule = (facts) =>
  replaced(facts, "portal", FACING).map(
    ([deployment, machines, why]) =>
      `${deployment}: ${list(machines)} would be replaced in one update (${why}), so no portal would be left to connect to; replace one after the other.`,
  );

type Group = readonly [deployment: string, machines: readonly string[], why: string];

function replaced(
  { changes, placeOf }: Facts,
  kind: Machine["kind"],
  parts: readonly unknown[],
): readonly Group[] {
  const groups = new Map<string, Step[]>();
  for (const step of changes) {
    const { deployment = "", machine } = placeOf(step);
    if (step.op !== "replace" || machine?.kind !== kind || !parts.includes(kindOf(step))) continue;
    groups.set(deployment, [...(groups.get(deployment) ?? []), step]);
  }
  return [...groups].flatMap(([deployment, steps]) => {
    const machines = unique(steps.map((step) => placeOf(step).machine?.name ?? step.name));
    const why = unique(steps.flatMap(({ reasons }) => reasons)).join(", ");
    return machines.length > 1 ? [[deployment, machines, why || "no reason given"] as const] : [];
  });
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}

function list(texts: readonly string[]): string {
  return `${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}`;
}
