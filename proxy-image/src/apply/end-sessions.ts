import { setTimeout as pause } from "node:timers/promises";

import { converse, type Say } from "./conversation.ts";
import { type Session, sessionKey } from "./read-sessions.ts";
import { shutdownSession, toWorker } from "./runtime-commands.ts";
import { sayQuietly } from "./say-quietly.ts";
import { sessionsNow } from "./slot-sessions.ts";

/** Told in one line, after a look of its own: the next ones may have ended by then. */
const AT_ONCE = 300;
/** For sessions that came while others were being ended. */
const LATER_LINES = 2;
/** Looks for those that were told to end and aren't gone yet. */
const LAST_LOOKS = 3;
const BETWEEN_LOOKS_MS = 2;

/** Sessions that were told to end, by their key, and when. */
export type Told = Map<string, number>;

/**
 * Until a session is told again. It may end between a look and the next word, and HAProxy gives its id to whoever comes next. HAProxy
 * 3.0 leaves one be whose client has said its last word: it ends with its node, or by a time-out.
 */
const TELL_AGAIN_MS = 5_000;

export interface EndArgs {
  readonly socket: string;
  /** Must pick established ones only: see `endingsOf`. */
  readonly chosen: (session: Session) => boolean;
  readonly oldWorker?: number;
  /** Kept by who asks more than once. */
  readonly told?: Told;
}

/** Whether a session that is there is to be told, for the first time or again. */
export function isDue(told: ReadonlyMap<string, number>, session: Session, now: number): boolean {
  return now - (told.get(sessionKey(session)) ?? Number.NEGATIVE_INFINITY) >= TELL_AGAIN_MS;
}

/** Ends the sessions that `chosen` picks, one by one, and gives those that have ended. Rejects when HAProxy can't be asked. */
export function endSessions({
  socket,
  chosen,
  oldWorker,
  told = new Map(),
}: EndArgs): Promise<readonly Session[]> {
  const said = (command: string): string =>
    oldWorker === undefined ? command : toWorker(oldWorker, command);
  const seen = new Map<string, Session>();
  const look = async (say: Say): Promise<readonly Session[]> => {
    const sessions = (await sessionsNow(say, said("show sess"))).filter(chosen);
    for (const session of sessions) seen.set(sessionKey(session), session);
    return sessions;
  };
  return converse(socket, { deadlineMs: 5_000 }, async (say) => {
    // The master's connections are interactive by themselves.
    if (oldWorker === undefined) await sayQuietly(say, ["prompt"]);
    let there = await look(say);
    const lines = Math.ceil(there.length / AT_ONCE) + LATER_LINES;
    for (let line = 0; line < lines; line++) {
      const now = performance.now();
      const due = there.filter((session) => isDue(told, session, now)).slice(0, AT_ONCE);
      if (due.length === 0) break;
      for (const session of due) told.set(sessionKey(session), now);
      await sayQuietly(
        say,
        due.map(({ id }) => said(shutdownSession(id))),
      );
      there = await look(say);
    }
    for (let looks = 0; looks < LAST_LOOKS && there.length > 0; looks++) {
      await pause(BETWEEN_LOOKS_MS);
      there = await look(say);
    }
    const left = new Set(there.map(sessionKey));
    return [...seen].flatMap(([key, session]) =>
      told.has(key) && !left.has(key) ? [session] : [],
    );
  });
}
