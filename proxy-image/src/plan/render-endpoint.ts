import type { PortalDocument } from "../contract.ts";
import {
  AGENT,
  backendOf,
  deniedTableOf,
  FRONTEND_MAXCONN,
  fallbackOf,
  frontendOf,
  STATUS,
} from "./names.ts";
import type { Places } from "./render.ts";
import { sessionLog } from "./render-log.ts";
import { slotFall } from "./silence.ts";

type Route = PortalDocument["endpoints"][string]["route"];

/**
 * Sessions that one portal sends to one node at a time; more wait in HAProxy's queue. Below PostgreSQL's own limit (100 by
 * default, some of them reserved), so that clients who gave up during a hold can't use up the new leader's connections.
 */
const SERVER_MAXCONN = 90;

/** The frontend, the slots, the fallback and the table of refused sources of one endpoint. */
export function renderEndpoint(name: string, document: PortalDocument, places: Places): string {
  const endpoint = document.endpoints[name];
  if (endpoint === undefined) throw new Error(`the document has no endpoint ${name}`);
  const { route, port } = endpoint;
  const fallback = document.fallback === "role-check";
  return [
    frontend(name, port, document, places),
    slots(name, route, document, places),
    ...(fallback ? [fallbackServers(name, route, document, places)] : []),
    deniedTable(name),
  ].join("\n\n");
}

/** The page for people and Prometheus: as guarded as an endpoint, and nothing else of the agent can be reached. */
export function renderStatus({ status }: PortalDocument, places: Places): string {
  return `frontend ${frontendOf(STATUS)}
${binds(status)}
    mode http
    option httplog
    option dontlog-normal
    timeout client 10s
    timeout http-request 5s
${guard(STATUS, places)}
    http-request deny unless { path / /status /metrics }
    default_backend ${STATUS}

backend ${STATUS}
    mode http
    no log
    timeout server 10s
    server ${AGENT} ${places.agent.host}:${places.agent.port} maxconn 8

${deniedTable(STATUS)}`;
}

function frontend(name: string, port: number, document: PortalDocument, places: Places): string {
  return `frontend ${frontendOf(name)}
${binds(port)}
    maxconn ${FRONTEND_MAXCONN}
    ${sessionLog(name, places.image)}
${guard(name, places)}
${document.fallback === "role-check" ? takeOver(name, document) : ""}
    default_backend ${backendOf(name)}`.replace(/\n\n/g, "\n");
}

/** When HAProxy goes on by itself: the agent is silent, its choice has run out, and the nodes' own word is clear. */
function takeOver(name: string, { endpoints, timing }: PortalDocument): string {
  const claims = endpoints[name]?.route === "primary" ? "eq 1" : "ge 1";
  return `    # A process that just started counts servers as up until they are checked, and the agent as down after one check.
    acl settled uptime ge ${Math.ceil(timing.silence)}
    acl silent nbsrv(${AGENT}) eq 0
    acl none nbsrv(${backendOf(name)}) eq 0
    acl clear nbsrv(${fallbackOf(name)}) ${claims}
    use_backend ${fallbackOf(name)} if settled silent none clear`;
}

// Two sockets, so that an IPv4 client is never seen as ::ffff:a.b.c.d.
function binds(port: number): string {
  return `    bind 0.0.0.0:${port} backlog 4096 tcp-ut 10s
.if streq("$PORTICO_IPV6",yes)
    bind [::]:${port} v6only backlog 4096 tcp-ut 10s
.endif`;
}

/** HAProxy would match ::a.b.c.d and 2002:aabb:ccdd:: by the IPv4 entry a.b.c.d, so both are refused first. */
function guard(name: string, { folder }: Places): string {
  const table = deniedTableOf(name);
  return `    acl aliased src 2002::/16 ::/96
    acl listed src -f ${folder}/whitelist.lst
    tcp-request connection track-sc1 src table ${table} if aliased or !listed
    tcp-request connection reject if aliased or !listed`;
}

function slots(name: string, route: Route, document: PortalDocument, { agent }: Places): string {
  const marked = route === "primary" ? " on-marked-down shutdown-sessions" : "";
  const fall = slotFall(document);
  const servers = Object.entries(document.nodes).map(
    ([node, { address, port }]) => `    server ${node} ${hostOf(address)}:${port} disabled`,
  );
  return `backend ${backendOf(name)}
    no log
    balance leastconn
    option httpchk
    http-check connect addr ${agent.host} port ${agent.port}
    http-check send meth GET uri-lf /vouch/${name}/%[srv_name]
    http-check expect status 200
    # fall x (inter + timeout check) is the longest silence of the agent.
    default-server check inter 1s fall ${fall} rise 1 maxconn ${SERVER_MAXCONN} tcp-ut 10s${marked}
${servers.join("\n")}`;
}

/** Used only while the agent is silent: each node's own word, checked over Patroni's REST interface. */
function fallbackServers(
  name: string,
  route: Route,
  document: PortalDocument,
  { identity }: Places,
): string {
  const roles = route === "primary" ? "primary|master" : "primary|master|replica";
  const marked = route === "primary" ? " on-marked-down shutdown-sessions" : "";
  const tls = `check-ssl verify required ca-file ${identity}/ca.crt crt ${identity}/client.crt`;
  const servers = Object.entries(document.nodes).map(
    ([node, { address, port }]) =>
      `    server ${node} ${hostOf(address)}:${port} verifyhost ${node} port ${document.evidence.patroni}`,
  );
  return `backend ${fallbackOf(name)}
    no log
    balance leastconn
    option httpchk
    http-check send meth GET uri /patroni
    http-check expect status 200
    http-check expect rstring '"state": ?"running"'
    http-check expect rstring '"role": ?"(${roles})"'
    default-server check inter 2s fall 2 rise 1 maxconn ${SERVER_MAXCONN} tcp-ut 10s${marked} ${tls}
${servers.join("\n")}`;
}

function deniedTable(name: string): string {
  return `backend ${deniedTableOf(name)}
    stick-table type ipv6 size 100k expire 10m store conn_cnt,conn_rate(10s)`;
}

const hostOf = (address: string): string => (address.includes(":") ? `[${address}]` : address);
