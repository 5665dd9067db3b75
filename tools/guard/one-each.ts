import type { Op, Step } from "./preview.ts";

/** From the least to the most that can happen to a resource. */
const WEIGHT: readonly Op[] = ["same", "update", "create", "delete", "replace"];

/**
 * A refresh shows a resource before it shows what happens to it, a replacement may show its parts. The gravest operation
 * stands for all, with the first old state and the last new one.
 */
export function oneEach(steps: readonly Step[]): readonly Step[] {
  const byUrn = new Map<string, Step>();
  for (const step of steps) {
    const seen = byUrn.get(step.urn);
    if (seen === undefined) byUrn.set(step.urn, step);
    else {
      const graver = WEIGHT.indexOf(step.op) >= WEIGHT.indexOf(seen.op) ? step : seen;
      byUrn.set(step.urn, {
        ...graver,
        old: seen.old ?? step.old,
        new: step.new ?? seen.new,
        reasons: [...new Set([...seen.reasons, ...step.reasons])],
      });
    }
  }
  return [...byUrn.values()];
}
