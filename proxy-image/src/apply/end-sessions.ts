// How sessions end in HAProxy: some of all, one by one; those of a slot, as a whole; those of an SSH client.

import { setTimeout as pause } from "node:timers/promises";
import type { OldWorker, SshClient } from "../model/haproxy.ts";
import { backendOf, fallbackOf, frontendOf, SSH } from "../plan/names.ts";
import type { Session } from "./replies.ts";
import { readSessions, sessionKey } from "./replies.ts";
import { shutdownServerSessions, shutdownSession, toWorker } from "./runtime-commands.ts";
import type { Send } from "./runtime-socket.ts";
import { sendChecked, withRuntimeSocket } from "./runtime-socket.ts";

/** Sessions that one batch of commands ends. HAProxy is asked again before each batch, since some may have ended. */
const AT_ONCE = 300;
/** For sessions that came while others were being ended. */
const LATER_BATCHES = 2;
/** How often to look again for sessions that were requested to end and are still there. */
const LAST_LOOKS = 3;
const BETWEEN_LOOKS_MS = 2;

/** When each session was requested to end, by the session's key. */
export type EndRequests = Map<string, number>;

/**
 * Until the end of a session is requested again. It may end between a look and the next command, and HAProxy gives its id to whoever comes next. HAProxy
 * 3.0 doesn't end a session whose client has closed its side: it ends with its node, or by a time-out.
 */
const REQUEST_AGAIN_MS = 5_000;

export interface EndArgs {
  readonly socket: string;
  /** Must pick established ones only: see `sessionsToEnd`. */
  readonly chosen: (session: Session) => boolean;
  readonly oldWorker?: number;
  /** Kept by who asks more than once. */
  readonly requested?: EndRequests;
}

/** Whether to request the end of a session, for the first time or again. */
export function isDue(
  requested: ReadonlyMap<string, number>,
  session: Session,
  now: number,
): boolean {
  return now - (requested.get(sessionKey(session)) ?? Number.NEGATIVE_INFINITY) >= REQUEST_AGAIN_MS;
}

/** Ends the sessions that `chosen` picks, one by one, and gives those that have ended. Rejects when HAProxy can't be asked. */
export function endSessions({
  socket,
  chosen,
  oldWorker,
  requested = new Map(),
}: EndArgs): Promise<readonly Session[]> {
  const addressed = (command: string): string =>
    oldWorker === undefined ? command : toWorker(oldWorker, command);
  const seen = new Map<string, Session>();
  const look = async (send: Send): Promise<readonly Session[]> => {
    const sessions = (await sessionsNow(send, addressed("show sess"))).filter(chosen);
    for (const session of sessions) seen.set(sessionKey(session), session);
    return sessions;
  };
  return withRuntimeSocket(socket, { deadlineMs: 5_000 }, async (send) => {
    // The master's connections are interactive by themselves.
    if (oldWorker === undefined) await sendChecked(send, ["prompt"]);
    let there = await look(send);
    const batches = Math.ceil(there.length / AT_ONCE) + LATER_BATCHES;
    for (let batch = 0; batch < batches; batch++) {
      const now = performance.now();
      const due = there.filter((session) => isDue(requested, session, now)).slice(0, AT_ONCE);
      if (due.length === 0) break;
      for (const session of due) requested.set(sessionKey(session), now);
      await sendChecked(
        send,
        due.map(({ id }) => addressed(shutdownSession(id))),
      );
      there = await look(send);
    }
    for (let looks = 0; looks < LAST_LOOKS && there.length > 0; looks++) {
      await pause(BETWEEN_LOOKS_MS);
      there = await look(send);
    }
    const left = new Set(there.map(sessionKey));
    return [...seen].flatMap(([key, session]) =>
      requested.has(key) && !left.has(key) ? [session] : [],
    );
  });
}

export interface SlotName {
  readonly endpoint: string;
  readonly node: string;
}

/** What ends a slot's sessions, and which they are. */
export interface SlotSessions {
  readonly slot: SlotName;
  readonly sessions: readonly Session[];
  /** The commands that end those that are due, and, where possible, all sessions that have come since. */
  readonly commands: (due: readonly Session[]) => readonly string[];
}

/** A node that is there accepts well within this time; one that isn't, not at all. */
const CONNECTING_MS = 10;
/** Who has been called out of the queue by a node goes to it well within this time. */
const CALLED_MS = 5;

/** True for a session on that slot, or on its node's slot in the fallback. */
export function isOnSlot({ endpoint, node }: SlotName): (session: Session) => boolean {
  return (session) => session.server === node && isOfSlots(endpoint, session);
}

/** True for a session that one of the endpoint's nodes has, or will get. */
const isOfSlots = (endpoint: string, { backend }: Session): boolean =>
  backend === backendOf(endpoint) || backend === fallbackOf(endpoint);

/** True for one that can be ended by itself. See `sessionsToEnd`. */
export function isOpenOnSlot(slot: SlotName): (session: Session) => boolean {
  const isOn = isOnSlot(slot);
  return (session) => session.state === "established" && isOn(session);
}

/**
 * Finds out how to end the sessions of slots that are out of the rotation. HAProxy 3.0 must not be asked to end one that
 * is still connecting, or that was called out of the queue a moment ago and looks like one in it: it closes the server's side only, and
 * the client hangs for good. So the slot's sessions are ended as a whole once there is none of these. Where a node lets them connect for
 * ever, its established ones are ended one by one, and the others fail to connect and are sent to another node. Rejects when HAProxy
 * can't be asked.
 */
export async function sessionsToEnd(
  send: Send,
  slots: readonly SlotName[],
): Promise<readonly SlotSessions[]> {
  const since = performance.now();
  for (;;) {
    const sessions = await sessionsNow(send);
    const elapsed = performance.now() - since;
    const connecting = slots.some((slot) => sessions.filter(isOnSlot(slot)).some(isConnecting));
    const called =
      elapsed < CALLED_MS && slots.some((slot) => sessions.some((it) => isInQueue(slot, it)));
    if ((!connecting && !called) || elapsed > CONNECTING_MS)
      return slots.map((slot) => sessionsOn(slot, sessions));
    await pause(1);
  }
}

/** `command`: addressed to an old worker, for one. Rejects when HAProxy can't be asked. */
export async function sessionsNow(send: Send, command = "show sess"): Promise<readonly Session[]> {
  const shown = await send([command]);
  if (shown.kind === "failed") throw new Error(shown.why);
  return readSessions(shown.blocks[0] ?? "");
}

function sessionsOn(slot: SlotName, all: readonly Session[]): SlotSessions {
  const open = all.filter(isOpenOnSlot(slot));
  const whole = !all.filter(isOnSlot(slot)).some(isConnecting);
  const backends = new Set(open.map(({ backend }) => backend));
  const wholeSlot = [...backends].map((backend) => shutdownServerSessions(backend, slot.node));
  return {
    slot,
    sessions: open,
    // An id is used again: it is read and used on one connection, with nothing between, and once.
    commands: (due) => (whole ? wholeSlot : due.map(({ id }) => shutdownSession(id))),
  };
}

const isConnecting = ({ state }: Session): boolean => state === "connecting";

/** Whichever node has called it: HAProxy doesn't show that. */
const isInQueue = ({ endpoint }: SlotName, session: Session): boolean =>
  session.state === "waiting" && isOfSlots(endpoint, session);

/** Ends the SSH sessions of these clients. sshd sees its client leave, and takes its tunnels along. */
export async function endSsh(
  sockets: { readonly adminSocket: string; readonly masterSocket: string },
  oldWorkers: readonly OldWorker[],
  clients: readonly SshClient[],
): Promise<readonly SshClient[]> {
  const meant = new Set(clients.map(nameOf));
  const isMeant = (session: Session): boolean =>
    session.frontend === frontendOf(SSH) &&
    session.state === "established" &&
    meant.has(nameOf(session));
  const ended = [...(await endSessions({ socket: sockets.adminSocket, chosen: isMeant }))];
  for (const { pid } of oldWorkers)
    ended.push(
      ...(await endSessions({ socket: sockets.masterSocket, chosen: isMeant, oldWorker: pid })),
    );
  return ended;
}

const nameOf = ({ source, port }: SshClient): string => `${source} ${port}`;
