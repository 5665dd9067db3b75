import type { PortalDocument } from "../contract.ts";
import type { Limits } from "./limits.ts";
import type { Layout } from "./names.ts";
import { AGENT, frontendOf, SSH, SSHD, STATUS, TUNNEL_SOURCE } from "./names.ts";
import { binds, deniedTable, guard, sessionLog, sourceLimit } from "./render-guard.ts";

/**
 * An address, a name without a dot, as containers have, or one that nobody can own, such as host.docker.internal. A page that makes
 * the browser of somebody on the whitelist ask here has to do so under a name of its own (DNS rebinding).
 */
const ADDRESSED = String.raw`^(\[[0-9a-f:.]+\]|[0-9]+(\.[0-9]+){3}|[a-z0-9_-]+|[a-z0-9_.-]+\.(internal|localhost))(:[0-9]+)?$`;

/** The page for people and Prometheus: as guarded as an endpoint, and nothing else of the agent can be reached. */
export function renderStatus({ status }: PortalDocument, layout: Layout, limits: Limits): string {
  return `frontend ${frontendOf(STATUS)}
${binds(status)}
    mode http
    maxconn ${limits.beside}
    option httplog
    option dontlog-normal
    timeout client 10s
    timeout http-request 5s
${guard(STATUS, layout)}
${sourceLimit(limits)}
    acl named req.hdr(host) -m found
    acl addressed req.hdr(host) -m reg -i '${ADDRESSED}'
    http-request deny deny_status 421 if named !addressed
    http-request return status 405 hdr Allow "GET, HEAD" unless { method GET HEAD }
    http-request deny unless { path / /status /metrics }
    default_backend ${STATUS}

backend ${STATUS}
    mode http
    no log
    timeout server 10s
    server ${AGENT} ${layout.agent.host}:${layout.agent.port} maxconn 8

${deniedTable(STATUS)}`;
}

/** Connections that one source may have at once, and begin within ten seconds: nobody keeps the others out. */
const A_SOURCE = { atOnce: 24, begun: 40 } as const;
/** Connections in all: each is two processes of sshd. */
const IN_ALL = 64;

/**
 * The public frontend of sshd: guarded by the whitelist like an endpoint, so that a revoked source's tunnels are cut with its
 * other sessions. The first line that sshd's starter reads names the client.
 */
export function renderSsh(
  { port }: NonNullable<PortalDocument["ssh"]>,
  layout: Layout,
  limits: Limits,
): string {
  const table = `sources_${SSH}`;
  return `frontend ${frontendOf(SSH)}
${binds(port)}
    maxconn ${limits.beside}
    ${sessionLog(SSH, layout.image)}
${guard(SSH, layout)}
    tcp-request connection track-sc0 src table ${table}
    tcp-request content reject if { sc0_conn_cur gt ${A_SOURCE.atOnce} } || { sc0_conn_rate gt ${A_SOURCE.begun} }
    default_backend ${SSH}

backend ${SSH}
    no log
    retries 3
    server ${SSHD} unix@${layout.sshd} send-proxy maxconn ${IN_ALL}

backend ${table}
    stick-table type ipv6 size 10k expire 10m store conn_cur,conn_rate(10s)

${deniedTable(SSH)}`;
}

/** Where tunnels end. On loopback the narrower address goes before 0.0.0.0, and a hold of the frontend holds both. */
export function tunnelBind(port: number): string {
  return `\n    bind ${TUNNEL_SOURCE}:${port} name tunnel backlog 4096`;
}

/** A tunnel's source is the portal itself: the whitelist has judged its client at the frontend of sshd. */
export const TUNNELS_PASS = "    tcp-request connection accept if { so_name tunnel }";
