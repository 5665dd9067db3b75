import { converse } from "./conversation.ts";
import { readSessions, type Session } from "./read-sessions.ts";
import { shutdownSession, toWorker } from "./runtime-commands.ts";
import { sayQuietly } from "./say-quietly.ts";

/** A session that came while others were being ended shows up in the next look. */
const LOOKS = 3;

/**
 * Ends the sessions that `chosen` picks, one by one, until a look finds none, and gives them. Rejects when HAProxy can't be
 * asked. `chosen` must pick established ones only: see `endingsOf`.
 */
export function endSessions(
  socket: string,
  chosen: (session: Session) => boolean,
  oldWorker?: number,
): Promise<readonly Session[]> {
  const said = (command: string): string =>
    oldWorker === undefined ? command : toWorker(oldWorker, command);
  return converse(socket, { deadlineMs: 5_000 }, async (say) => {
    // The master's connections are interactive by themselves.
    if (oldWorker === undefined) await sayQuietly(say, ["prompt"]);
    const ended = new Map<string, Session>();
    for (let look = 0; look < LOOKS; look++) {
      const shown = await say([said("show sess")]);
      if (shown.kind === "failed") throw new Error(shown.why);
      const sessions = readSessions(shown.blocks[0] ?? "").filter(chosen);
      if (sessions.length === 0) break;
      await sayQuietly(
        say,
        sessions.map(({ id }) => said(shutdownSession(id))),
      );
      for (const session of sessions) ended.set(`${session.id} ${session.source}`, session);
    }
    return [...ended.values()];
  });
}
