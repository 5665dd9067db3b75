// A whitelist entry that goes ends the sessions that it had let in.

import { canonicalCidr } from "../cidr.ts";
import type { Whitelist } from "../model/haproxy.ts";
import { TUNNEL_SOURCE } from "../plan/names.ts";
import type { EndRequests } from "./end-sessions.ts";
import { endSessions, sessionsNow } from "./end-sessions.ts";
import type { Session } from "./replies.ts";
import type { Revoked } from "./results.ts";
import { withRuntimeSocket } from "./runtime-socket.ts";

export type Revocation =
  | {
      readonly kind: "revoked";
      readonly revoked: readonly Revoked[];
      /** Sessions that are still there: on their way to a node, where they can't be ended, or requested to end and not gone yet. */
      readonly waiting: number;
    }
  | { readonly kind: "failed"; readonly why: string };

/**
 * Ends the sessions whose source is no longer on the list, in the present worker and in those from before a reload. A
 * tunnel's end at an endpoint shows the portal itself as its source: it ends with its SSH session. `requested`: kept from look to look for one list.
 */
export async function revokeSessions(
  sockets: { readonly adminSocket: string; readonly masterSocket: string },
  oldWorkers: readonly number[],
  list: Whitelist,
  tunnels: boolean,
  requested: EndRequests,
): Promise<Revocation> {
  const listed = listedIn(list);
  const isGone = ({ source, frontend }: Session): boolean =>
    frontend.startsWith("in_") &&
    source !== "" &&
    !(tunnels && source === TUNNEL_SOURCE) &&
    !listed(source);
  const canEnd = (session: Session): boolean => session.state === "established" && isGone(session);
  try {
    const revoked = [
      ...(await endSessions({ socket: sockets.adminSocket, chosen: canEnd, requested })),
    ];
    for (const oldWorker of oldWorkers) {
      revoked.push(
        ...(await endSessions({ socket: sockets.masterSocket, chosen: canEnd, oldWorker })),
      );
    }
    const left = await withRuntimeSocket(sockets.adminSocket, { deadlineMs: 1_000 }, (send) =>
      sessionsNow(send),
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

/**
 * Tells whether a source is on a list. Entries are canonical, so an address is on the list if one of its own blocks, one for
 * each prefix length in use, is spelt there: no parsing of 100,000 entries, which would stop the agent for a while.
 */
function listedIn(list: Whitelist): (source: string) => boolean {
  if (list === undefined) return () => true;
  const entries = new Set(list.map(({ cidr }) => cidr));
  const lengths = { v4: new Set<number>(), v6: new Set<number>() };
  for (const entry of entries) {
    const slash = entry.indexOf("/");
    (entry.includes(":") ? lengths.v6 : lengths.v4).add(Number(entry.slice(slash + 1)));
  }
  const known = new Map<string, boolean>();
  return (source) => {
    const before = known.get(source);
    if (before !== undefined) return before;
    const own = source.includes(":") ? lengths.v6 : lengths.v4;
    const listed = [...own].some((length) => {
      const block = canonicalCidr(`${source}/${length}`);
      return block !== undefined && entries.has(block);
    });
    known.set(source, listed);
    return listed;
  };
}
