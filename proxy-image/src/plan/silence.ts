import type { PortalDocument } from "../contract.ts";

type Timing = Pick<PortalDocument, "timing">;

/** Failed checks after which a slot is down: interval and time-out are a second each, and both count. */
export function slotFall({ timing }: Timing): number {
  return Math.max(1, Math.floor(timing.silence / 2));
}

/** The same for the slot of those who wait, before any other one: while it is up, HAProxy doesn't go on by itself. */
export function waitingFall(document: Timing): number {
  return Math.max(1, slotFall(document) - 1);
}

/**
 * The same for the agent's liveness, asked every half second. A slot goes down between 2f-1 and 2f seconds after a freeze,
 * liveness between 1.5g-0.5 and 1.5g: the largest g that is never later than a slot, so that no client comes in between
 * and is sent away.
 */
export function livenessFall(document: Timing): number {
  return Math.max(1, Math.floor((2 * slotFall(document) - 1) / 1.5));
}
