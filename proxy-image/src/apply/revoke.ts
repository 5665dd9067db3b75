import type { Whitelist } from "../judge/whitelist.ts";
import { TUNNEL_SOURCE } from "../plan/names.ts";
import type { Revoked } from "./answers.ts";
import { converse } from "./conversation.ts";
import { endSessions, type Told } from "./end-sessions.ts";
import { listedIn } from "./listed.ts";
import type { Session } from "./read-sessions.ts";
import { sessionsNow } from "./slot-sessions.ts";

export type Revocation =
  | {
      readonly kind: "revoked";
      readonly revoked: readonly Revoked[];
      /** Sessions that are still there: on their way to a node, where they can't be ended, or told to end and not gone yet. */
      readonly waiting: number;
    }
  | { readonly kind: "failed"; readonly why: string };

/**
 * Ends the sessions whose source is no longer on the list, in the present worker and in those from before a reload. A
 * tunnel's end at an endpoint shows the portal itself as its source: it ends with its SSH session. `told`: from look to look of one list.
 */
export async function revokeSessions(
  sockets: { readonly adminSocket: string; readonly masterSocket: string },
  oldWorkers: readonly number[],
  list: Whitelist,
  tunnels: boolean,
  told: Told,
): Promise<Revocation> {
  const listed = listedIn(list);
  const isGone = ({ source, frontend }: Session): boolean =>
    frontend.startsWith("in_") &&
    source !== "" &&
    !(tunnels && source === TUNNEL_SOURCE) &&
    !listed(source);
  const canEnd = (session: Session): boolean => session.state === "established" && isGone(session);
  try {
    const revoked = [...(await endSessions({ socket: sockets.adminSocket, chosen: canEnd, told }))];
    for (const oldWorker of oldWorkers) {
      revoked.push(
        ...(await endSessions({ socket: sockets.masterSocket, chosen: canEnd, oldWorker })),
      );
    }
    const left = await converse(sockets.adminSocket, { deadlineMs: 1_000 }, (say) =>
      sessionsNow(say),
    );
    return { kind: "revoked", revoked: counted(revoked), waiting: left.filter(isGone).length };
  } catch (error) {
    return { kind: "failed", why: (error as Error).message };
  }
}

function counted(sessions: readonly Session[]): readonly Revoked[] {
  const counts = new Map<string, Revoked>();
  for (const { frontend, source } of sessions) {
    const endpoint = frontend.slice("in_".length);
    const key = `${endpoint} ${source}`;
    counts.set(key, { endpoint, source, sessions: (counts.get(key)?.sessions ?? 0) + 1 });
  }
  return [...counts.values()];
}
