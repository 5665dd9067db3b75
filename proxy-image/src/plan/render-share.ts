import type { Engine } from "../engines/engine.ts";
import type { Limits } from "./limits.ts";
import { backendOf, CROWD, crowdOf, FRONTEND_MAXCONN, SOURCES, shareTableOf } from "./names.ts";
import type { Places } from "./render.ts";

/**
 * Of the sessions that a node takes: what one source gets on each open node, and what all sources that have so much get together. Their sum
 * is less than a node's sessions, so that something is left for everybody else.
 */
const SHARE = { own: 0.5, beyond: 0.3 } as const;

/** Who has said nothing yet holds no slot, and only a connection to HAProxy. */
const FIRST_WORD = "10s";

/** Behind the whitelist: nobody takes all the connections that an endpoint has, with those that say nothing among them. */
export const atTheDoor = ({ source }: Limits): string =>
  `    tcp-request connection track-sc1 src table ${SOURCES}
    tcp-request connection reject if { sc1_conn_cur gt ${source} }`;

export const sourcesTable = `backend ${SOURCES}
    stick-table type ipv6 size 20k expire 10m store conn_cur`;

/**
 * Where clients speak first, a node hears of a client once it has spoken. After TLS, where that ends here. A client of a server that
 * greets (MySQL) has nothing to say before that: the server's own time for a login bounds it.
 */
export function firstWord({ greets, opening = "req.len gt 0" }: Engine): string {
  if (greets) return "";
  return `    tcp-request inspect-delay ${FIRST_WORD}
    tcp-request content reject unless { ${opening} }`;
}

/** Counts the session towards its source's share, if that has room. `unless`: those that go elsewhere. */
export function share(name: string, sessions: number, unless = ""): string {
  const table = shareTableOf(name);
  const own = atLeastOne(sessions * SHARE.own);
  return `    tcp-request content set-var(txn.mine) src,table_conn_cur(${table})
    acl room nbsrv(${backendOf(name)}),mul(${own}),sub(txn.mine) gt 0
    tcp-request content track-sc0 src table ${table} if room${unless}
    acl counted sc0_tracked`;
}

export const intoCrowd = (name: string): string => `    use_backend ${crowdOf(name)} if !counted`;

/** Where they wait for their turn, and the frontend that lets them on as if they came anew. */
export function crowd(
  name: string,
  sessions: number,
  { run }: Places,
  { log, onward }: { readonly log: string; readonly onward: string },
): readonly string[] {
  const socket = `unix@${run}/${crowdOf(name)}.sock`;
  return [
    `backend ${crowdOf(name)}
    no log
    # The frontend behind it logs it, unless it never came so far.
    tcp-response content set-log-level silent
    server ${CROWD} ${socket} send-proxy-v2 maxconn ${crowdPlaces(sessions)}`,
    `frontend ${crowdOf(name)}
    bind ${socket} mode 600 accept-proxy
    maxconn ${FRONTEND_MAXCONN}
    ${log}
${onward}`,
    `backend ${shareTableOf(name)}
    stick-table type ipv6 size 20k expire 10m store conn_cur`,
  ];
}

/** Sessions on one node that all sources which have their share get together. */
export const crowdPlaces = (sessions: number): number => atLeastOne(sessions * SHARE.beyond);

export const atLeastOne = (count: number): number => Math.max(1, Math.floor(count));
