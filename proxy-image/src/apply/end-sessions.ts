import { setTimeout as pause } from "node:timers/promises";

import { converse, type Say } from "./conversation.ts";
import { type Session, sessionKey } from "./read-sessions.ts";
import { shutdownSession, toWorker } from "./runtime-commands.ts";
import { sayQuietly } from "./say-quietly.ts";
import { sessionsNow } from "./slot-sessions.ts";

/** A session that came while others were being ended shows up in the next look, and one that was told to end is gone by the last. */
const LOOKS = 4;
const BETWEEN_LOOKS_MS = 2;

/**
 * Ends the sessions that `chosen` picks, one by one, and gives those that have ended. Each is told once: it may end between a look and
 * the next word, and HAProxy gives its id to whoever comes next. HAProxy 3.0 leaves one be whose client has said its last word.
 * Rejects when HAProxy can't be asked. `chosen` must pick established ones only: see `endingsOf`.
 */
export function endSessions(
  socket: string,
  chosen: (session: Session) => boolean,
  oldWorker?: number,
): Promise<readonly Session[]> {
  const said = (command: string): string =>
    oldWorker === undefined ? command : toWorker(oldWorker, command);
  const look = async (say: Say): Promise<readonly Session[]> =>
    (await sessionsNow(say, said("show sess"))).filter(chosen);
  return converse(socket, { deadlineMs: 5_000 }, async (say) => {
    // The master's connections are interactive by themselves.
    if (oldWorker === undefined) await sayQuietly(say, ["prompt"]);
    const told = new Map<string, Session>();
    let there = await look(say);
    for (let looks = 1; looks < LOOKS && there.length > 0; looks++) {
      const fresh = there.filter((session) => !told.has(sessionKey(session)));
      for (const session of fresh) told.set(sessionKey(session), session);
      await sayQuietly(
        say,
        fresh.map(({ id }) => said(shutdownSession(id))),
      );
      if (fresh.length === 0) await pause(BETWEEN_LOOKS_MS);
      there = await look(say);
    }
    for (const session of there) told.delete(sessionKey(session));
    return [...told.values()];
  });
}
