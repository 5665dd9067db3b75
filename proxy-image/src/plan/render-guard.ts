// What every frontend of the portal has in haproxy.cfg: ports, whitelist, log, and each source's share.

import type { Engine } from "../observe/engine.ts";
import type { Limits } from "./limits.ts";
import { crowdShare, ownShare } from "./limits.ts";
import type { Layout } from "./names.ts";
import {
  backendOf,
  CROWD,
  crowdOf,
  deniedTableOf,
  FRONTEND_MAXCONN,
  LATEST,
  SOURCES,
  shareTableOf,
} from "./names.ts";

// Two sockets, so that an IPv4 client is never seen as ::ffff:a.b.c.d.
export function binds(port: number, tls = ""): string {
  return `    bind 0.0.0.0:${port} backlog 4096${tls}
.if streq("$PORTICO_IPV6",yes)
    bind [::]:${port} v6only backlog 4096${tls}
.endif`;
}

/**
 * HAProxy would match ::a.b.c.d and 2002:aabb:ccdd:: by the IPv4 entry a.b.c.d, so both are refused first. The whitelist says until when
 * a block may connect, so that an entry ends without the agent.
 */
export function guard(name: string, { folder }: Layout): string {
  const table = deniedTableOf(name);
  return `    acl aliased src 2002::/16 ::/96
    tcp-request connection set-var(sess.until) src,map_ip_int(${folder}/whitelist.map,0)
    acl listed date(0,ms),sub(sess.until) lt 0
    acl lasting var(${LATEST}),sub(sess.until) lt 0
    tcp-request connection track-sc1 src table ${table} if aliased or !listed or !lasting
    tcp-request connection reject if aliased or !listed or !lasting`;
}

export function deniedTable(name: string): string {
  // The agent reads all of it every second. Of a flood from more sources, the frontend's own count tells the rest.
  return `backend ${deniedTableOf(name)}
    stick-table type ipv6 size 2k expire 10m store conn_cnt`;
}

/**
 * One JSON line a session, with the keys of the agent's own lines. HAProxy names the end of a session by two letters: the map turns
 * them into a sentence. A session that never reached a node has `node` "<NOSRV>".
 */
export function sessionLog(endpoint: string, image: string): string {
  const fields = [
    "%(level)[str(info)]",
    '%(time)[date(0,ms),ms_utime("%Y-%m-%dT%H:%M:%S.%3NZ")]',
    `%(msg)[txn.sess_term_state,map_str(${image}/endings.map,"session ended")]`,
    "%(source)[str(haproxy)]",
    `%(endpoint)[str(${endpoint})]`,
    "%(client)ci",
    "%(clientPort)cp",
    "%(backend)b",
    "%(node)s",
    // What the server sees of its client is the portal's address and this port.
    "%(portalPort)bp",
    "%(waitedMs)Tw",
    "%(connectMs)Tc",
    "%(durationMs)Tt",
    "%(bytesIn)U",
    "%(bytesOut)B",
    "%(ending)ts",
    "%(retries)rc",
  ];
  return `log-format '%{+json}o ${fields.join(" ")}'`;
}

/** A client that has sent nothing yet holds no slot, and only a connection to HAProxy. */
const FIRST_BYTES = "10s";

/** Behind the whitelist: nobody takes all the connections that an endpoint has, not even with connections that send nothing. */
export const sourceLimit = ({ source }: Limits): string =>
  `    tcp-request connection track-sc1 src table ${SOURCES}
    tcp-request connection reject if { sc1_conn_cur gt ${source} }`;

export const sourcesTable = `backend ${SOURCES}
    stick-table type ipv6 size 20k expire 10m store conn_cur`;

/**
 * Where clients speak first, a client reaches a node once it has sent something. After TLS, where that ends here. A client of a server that
 * greets (MySQL) has nothing to send before that: the server's own time for a login bounds it.
 */
export function firstBytes({ greets, opening = "req.len gt 0" }: Engine): string {
  if (greets) return "";
  return `    tcp-request inspect-delay ${FIRST_BYTES}
    tcp-request content reject unless { ${opening} }`;
}

/** Counts the session towards its source's share, if that has room. `unless`: those that go elsewhere. */
export function share(name: string, sessions: number, unless = ""): string {
  const table = shareTableOf(name);
  const own = ownShare(sessions);
  return `    tcp-request content set-var(txn.mine) src,table_conn_cur(${table})
    acl room nbsrv(${backendOf(name)}),mul(${own}),sub(txn.mine) gt 0
    tcp-request content track-sc0 src table ${table} if room${unless}
    acl counted sc0_tracked`;
}

export const intoCrowd = (name: string): string => `    use_backend ${crowdOf(name)} if !counted`;

/** The backend where they wait, and the frontend that lets them on as if they came anew. */
export function crowd(
  name: string,
  sessions: number,
  { run }: Layout,
  { log, onward }: { readonly log: string; readonly onward: string },
): readonly string[] {
  const socket = `unix@${run}/${crowdOf(name)}.sock`;
  return [
    `backend ${crowdOf(name)}
    no log
    # The frontend behind it logs it, unless it never came so far.
    tcp-response content set-log-level silent
    server ${CROWD} ${socket} send-proxy-v2 maxconn ${crowdShare(sessions)}`,
    `frontend ${crowdOf(name)}
    bind ${socket} mode 600 accept-proxy
    maxconn ${FRONTEND_MAXCONN}
    ${log}
${onward}`,
    `backend ${shareTableOf(name)}
    stick-table type ipv6 size 20k expire 10m store conn_cur`,
  ];
}
