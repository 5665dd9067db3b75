import type { View } from "./view.ts";

/** How long, in milliseconds, a first look may take before its silence counts as an answer. */
const PATIENCE = 1500;

/**
 * True when the view says what is, and not only that nobody has been asked yet: after the start of the agent, and after
 * it was frozen, all it has is old. `since`: when it began to look.
 */
export function isSettled(
  { quorum, nodes }: View,
  kept: string | undefined,
  since: number,
  now: number,
): boolean {
  if (now - since >= PATIENCE) return true;
  if (quorum.kind === "leaderless") {
    return Object.values(nodes).every(({ word }) => word.kind !== "silent" && word.at >= since);
  }
  if (quorum.kind === "unknown" || quorum.at < since) return false;
  const word = kept === undefined ? undefined : nodes[kept]?.word;
  return word === undefined || (word.kind !== "silent" && word.at >= since);
}
