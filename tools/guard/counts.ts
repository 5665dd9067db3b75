import type { Facts } from "./facts.ts";
import type { Op, Step } from "./preview.ts";

/** How many resources an update creates, changes, replaces and deletes. Components are names, not things: they don't count. */
export interface Counts {
  /** Undefined: what belongs to the whole stack. */
  readonly deployment: string | undefined;
  readonly operations: Readonly<Partial<Record<Op, number>>>;
}

export function countsIn({ changes, placeOf }: Facts): readonly Counts[] {
  const groups = new Map<string | undefined, Partial<Record<Op, number>>>();
  for (const step of changes) {
    if (!isThing(step)) continue;
    const { deployment } = placeOf(step);
    const operations = groups.get(deployment) ?? {};
    operations[step.op] = (operations[step.op] ?? 0) + 1;
    groups.set(deployment, operations);
  }
  return [...groups]
    .sort(([a = ""], [b = ""]) => (a < b ? -1 : 1))
    .map(([deployment, operations]) => ({ deployment, operations }));
}

function isThing({ type, old, new: next }: Step): boolean {
  return (next ?? old)?.custom !== false && !type.startsWith("pulumi:providers:");
}
