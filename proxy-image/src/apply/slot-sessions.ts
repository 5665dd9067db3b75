import { setTimeout as pause } from "node:timers/promises";

import { backendOf, fallbackOf } from "../plan/names.ts";
import type { Say } from "./conversation.ts";
import { readSessions, type Session } from "./read-sessions.ts";
import { shutdownServerSessions, shutdownSession } from "./runtime-commands.ts";

export interface SlotName {
  readonly endpoint: string;
  readonly node: string;
}

/** What ends a slot's sessions, and which they are. */
export interface Ending {
  readonly slot: SlotName;
  readonly sessions: readonly Session[];
  /** What tells those of them to end that are due; with them, where that can be, all who have come since. */
  readonly commands: (due: readonly Session[]) => readonly string[];
}

/** A node that is there accepts well within this time; one that isn't, not at all. */
const CONNECTING_MS = 10;
/** Who has been called out of the queue by a node goes to it well within this time. */
const CALLED_MS = 5;

/** True for a session on that slot, or on its node's place in the fallback. */
export function isOnSlot({ endpoint, node }: SlotName): (session: Session) => boolean {
  return (session) => session.server === node && isOfSlots(endpoint, session);
}

/** True for a session that one of the endpoint's nodes has, or will get. */
const isOfSlots = (endpoint: string, { backend }: Session): boolean =>
  backend === backendOf(endpoint) || backend === fallbackOf(endpoint);

/** True for one that can be ended by itself. See `endingsOf`. */
export function isOpenOnSlot(slot: SlotName): (session: Session) => boolean {
  const isOn = isOnSlot(slot);
  return (session) => session.state === "established" && isOn(session);
}

/**
 * Finds out how to end the sessions of slots that are out of the rotation. HAProxy 3.0 must not be told to end one that
 * is still connecting, or that was called out of the queue a moment ago and looks like one in it: it closes the server's side only, and
 * the client hangs for good. So the slot's sessions are ended as a whole once there is none of these. Where a node lets them connect for
 * ever, its established ones are ended one by one, and the others fail to connect and are sent to another node. Rejects when HAProxy
 * can't be asked.
 */
export async function endingsOf(say: Say, slots: readonly SlotName[]): Promise<readonly Ending[]> {
  const since = performance.now();
  for (;;) {
    const sessions = await sessionsNow(say);
    const elapsed = performance.now() - since;
    const connecting = slots.some((slot) => sessions.filter(isOnSlot(slot)).some(isConnecting));
    const called =
      elapsed < CALLED_MS && slots.some((slot) => sessions.some((it) => isInQueue(slot, it)));
    if ((!connecting && !called) || elapsed > CONNECTING_MS)
      return slots.map((slot) => endingOf(slot, sessions));
    await pause(1);
  }
}

/** `question`: as it is said to an old worker. Rejects when HAProxy can't be asked. */
export async function sessionsNow(say: Say, question = "show sess"): Promise<readonly Session[]> {
  const shown = await say([question]);
  if (shown.kind === "failed") throw new Error(shown.why);
  return readSessions(shown.blocks[0] ?? "");
}

function endingOf(slot: SlotName, all: readonly Session[]): Ending {
  const open = all.filter(isOpenOnSlot(slot));
  const whole = !all.filter(isOnSlot(slot)).some(isConnecting);
  const backends = new Set(open.map(({ backend }) => backend));
  const asWhole = [...backends].map((backend) => shutdownServerSessions(backend, slot.node));
  return {
    slot,
    sessions: open,
    // An id is used again: it is read and said on one connection, with nothing between, and once.
    commands: (due) => (whole ? asWhole : due.map(({ id }) => shutdownSession(id))),
  };
}

const isConnecting = ({ state }: Session): boolean => state === "connecting";

/** Whichever node has called it: HAProxy doesn't tell. */
const isInQueue = ({ endpoint }: SlotName, session: Session): boolean =>
  session.state === "waiting" && isOfSlots(endpoint, session);
