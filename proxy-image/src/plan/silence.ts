import type { PortalDocument } from "../contract.ts";

type Timing = Pick<PortalDocument, "timing">;

/**
 * Failed questions after which the agent is silent. One takes a second, half of it the time-out, whether the agent is dead, frozen
 * or without a verdict. The first one begins within half a second of its last word: HAProxy goes on by itself between half a
 * second and a second after the limit, never before it.
 */
export function livenessFall({ timing }: Timing): number {
  return Math.ceil(timing.silence) + 1;
}

/** A process that just started takes servers for up until they are checked, and the agent for down after one check. */
export function settledAfter({ timing }: Timing): number {
  return Math.ceil(timing.silence);
}
