import type { PortalDocument } from "../contract.ts";
import { engineOf } from "../engines/table.ts";
import {
  AGENT,
  backendOf,
  FRONTEND_MAXCONN,
  fallbackOf,
  frontendOf,
  STATUS,
  WAITING,
} from "./names.ts";
import type { Places } from "./render.ts";
import { binds, deniedTable, guard } from "./render-door.ts";
import { sessionLog } from "./render-log.ts";
import { TUNNELS_PASS, tunnelBind } from "./render-ssh.ts";
import { slotFall, waitingFall } from "./silence.ts";

/** On loopback: refused at once, always. */
const NOBODYS_PORT = 1;

type Endpoint = PortalDocument["endpoints"][string];

/** The frontend, the slots, the fallback and the table of refused sources of one endpoint. */
export function renderEndpoint(name: string, document: PortalDocument, places: Places): string {
  const endpoint = document.endpoints[name];
  if (endpoint === undefined) throw new Error(`the document has no endpoint ${name}`);
  const fallback = fallbackServers(name, endpoint, document, places);
  return [
    frontend(name, endpoint, document, places, fallback !== undefined),
    slots(name, endpoint, document, places),
    ...(fallback === undefined ? [] : [fallback]),
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

function frontend(
  name: string,
  { port, tls }: Endpoint,
  document: PortalDocument,
  places: Places,
  fallback: boolean,
): string {
  return `frontend ${frontendOf(name)}
${binds(port, tls ? ` ssl crt ${places.identity}/server.crt ssl-min-ver TLSv1.2` : "")}${document.ssh ? tunnelBind(port) : ""}
    maxconn ${FRONTEND_MAXCONN}
    ${sessionLog(name, places.image)}
${document.ssh ? TUNNELS_PASS : ""}
${guard(name, places)}
${fallback ? takeOver(name, document) : ""}
    default_backend ${backendOf(name)}`.replace(/\n{2,}/g, "\n");
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

function slots(
  name: string,
  endpoint: Endpoint,
  document: PortalDocument,
  { agent }: Places,
): string {
  const { route } = endpoint;
  const marked = route === "primary" ? " on-marked-down shutdown-sessions" : "";
  const fall = slotFall(document);
  const servers = nodesOf(endpoint, document).map(
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
    default-server check inter 1s fall ${fall} rise 1 maxconn ${sessionsOf(document)} tcp-ut 10s${marked}
${[...servers, ...(route === "primary" ? [waitingSlot(document, agent)] : [])].join("\n")}`;
}

/** A backup: HAProxy takes it only where no node's slot is open. */
const waitingSlot = (document: PortalDocument, { host }: Places["agent"]): string =>
  `    server ${WAITING} ${host}:${NOBODYS_PORT} backup disabled maxconn 0 fall ${waitingFall(document)}`;

/** Used only while the agent is silent: each node's own word, as HAProxy itself can ask for it. */
function fallbackServers(
  name: string,
  endpoint: Endpoint,
  document: PortalDocument,
  { identity }: Places,
): string | undefined {
  const { route } = endpoint;
  const { roleCheck } = engineOf(document);
  if (document.fallback === "off" || roleCheck === undefined) return undefined;
  const check = roleCheck({ document, route, identity });
  const marked = route === "primary" ? " on-marked-down shutdown-sessions" : "";
  const servers = nodesOf(endpoint, document).map(([node, { address, port }]) =>
    `    server ${node} ${hostOf(address)}:${port} ${check.server(node)}`.trimEnd(),
  );
  const defaults = `check inter 2s fall 2 rise 1 maxconn ${sessionsOf(document)} tcp-ut 10s${marked}`;
  return `backend ${fallbackOf(name)}
    no log
    balance leastconn
    # The checks' too, and theirs is a TLS handshake with a program that may be busy.
    timeout connect 1s
${check.backend.map((line) => `    ${line}`).join("\n")}
    default-server ${`${defaults} ${check.servers}`.trimEnd()}
${servers.join("\n")}`;
}

function sessionsOf(document: PortalDocument): number {
  return document.sessions ?? engineOf(document).limits.sessions;
}

/** All nodes, or the one whose endpoint this is. */
function nodesOf({ node }: Endpoint, { nodes }: PortalDocument) {
  return Object.entries(nodes).filter(([name]) => node === undefined || name === node);
}

const hostOf = (address: string): string => (address.includes(":") ? `[${address}]` : address);
