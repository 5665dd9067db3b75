import { converse, type Say } from "./conversation.ts";
import { type Session, sessionKey } from "./read-sessions.ts";
import { shutdownSession, toWorker } from "./runtime-commands.ts";
import { sayQuietly } from "./say-quietly.ts";
import { sessionsNow } from "./slot-sessions.ts";

/** A session that came while others were being ended shows up in the next look. */
const LOOKS = 3;

/**
 * Ends the sessions that `chosen` picks, one by one, until a look finds none, and gives those that have ended. HAProxy 3.0 leaves
 * one be whose client has said its last word. Rejects when HAProxy can't be asked. `chosen` must pick established ones only: see
 * `endingsOf`.
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
    const asked = new Map<string, Session>();
    let there = await look(say);
    for (let turn = 0; turn < LOOKS && there.length > 0; turn++) {
      for (const session of there) asked.set(sessionKey(session), session);
      await sayQuietly(
        say,
        there.map(({ id }) => said(shutdownSession(id))),
      );
      there = await look(say);
    }
    for (const session of there) asked.delete(sessionKey(session));
    return [...asked.values()];
  });
}
