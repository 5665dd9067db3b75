import type { PortalDocument } from "../contract.ts";
import { engineOf } from "../engines/table.ts";
import type { Limits } from "./limits.ts";
import { sessionsOf } from "./limits.ts";
import type { Layout } from "./names.ts";
import {
  AGENT,
  backendOf,
  FRONTEND_MAXCONN,
  fallbackOf,
  frontendOf,
  hostOf,
  LOBBY,
  lobbyOf,
  presentTableOf,
  rolesOf,
  WAITING,
} from "./names.ts";
import {
  binds,
  crowd,
  deniedTable,
  firstBytes,
  guard,
  intoCrowd,
  sessionLog,
  share,
  sourceLimit,
} from "./render-guard.ts";
import { rolesSocket } from "./render-roles.ts";
import { TUNNELS_PASS, tunnelBind } from "./render-status-and-ssh.ts";
import { nodesOf, settledAfter, vouchSocket } from "./render-vouch.ts";

/** On loopback: refused at once, always. */
export const NOBODYS_PORT = 1;

type Endpoint = PortalDocument["endpoints"][string];

/** The frontend, the slots, the fallback and the table of refused sources of one endpoint. */
export function renderEndpoint(
  name: string,
  document: PortalDocument,
  layout: Layout,
  limits: Limits,
): string {
  const endpoint = document.endpoints[name];
  if (endpoint === undefined) throw new Error(`the document has no endpoint ${name}`);
  const fallback = fallbackServers(name, endpoint, document, layout);
  return [
    frontend(name, endpoint, document, layout, limits, fallback !== undefined),
    ...(endpoint.tls ? lobby(name, document, layout, fallback !== undefined) : []),
    ...crowd(name, sessionsOf(document), layout, {
      log: sessionLog(name, layout.image),
      onward: onward(name, document, fallback !== undefined),
    }),
    slots(name, endpoint, document, layout, fallback !== undefined),
    ...(fallback === undefined ? [] : [fallback]),
    deniedTable(name),
  ].join("\n\n");
}

function frontend(
  name: string,
  { port, tls }: Endpoint,
  document: PortalDocument,
  layout: Layout,
  limits: Limits,
  fallback: boolean,
): string {
  return `frontend ${frontendOf(name)}
${binds(port, tls ? ` ssl crt ${layout.identity}/server.crt ssl-min-ver TLSv1.2` : "")}${document.ssh ? tunnelBind(port) : ""}
    maxconn ${limits.endpoint}
    ${sessionLog(name, layout.image)}
${document.ssh ? TUNNELS_PASS : ""}
${guard(name, layout)}
${sourceLimit(limits)}
${withoutAgent(name, document, fallback)}
${firstBytes(engineOf(document))}
${tls ? intoLobby(name) : ""}
${share(name, sessionsOf(document), tls ? " !held" : "")}
${tls ? `    use_backend ${lobbyOf(name)} if held` : ""}
${takeOver(name, fallback)}
${intoCrowd(name)}
    default_backend ${backendOf(name)}`.replace(/\n{2,}/g, "\n");
}

/** Of who comes from the crowd: to a node, as the endpoint itself would send. */
function onward(name: string, document: PortalDocument, fallback: boolean): string {
  return `${withoutAgent(name, document, fallback)}
${takeOver(name, fallback)}
    default_backend ${backendOf(name)}`.replace(/\n{2,}/g, "\n");
}

/** Its port tells a client from others of the same source. */
const CLIENT = "tcp-request session set-var(sess.port) src_port";
const CLIENT_KEY = "src,concat(:,sess.port)";

/** Of a held endpoint: the handshake is done, and the client waits in the lobby's listen backlog, where it costs nothing. */
function intoLobby(name: string): string {
  const lobby = lobbyOf(name);
  return `    acl held nbsrv(${lobby}) gt 0
    ${CLIENT}
    tcp-request content track-sc2 ${CLIENT_KEY} table ${presentTableOf(name)} if held
    # The lobby logs it.
    tcp-request content set-log-level silent if held`;
}

/** What leads into the lobby, and what lets out of it those who are still there: not who left or was cut while it waited. */
function lobby(
  name: string,
  document: PortalDocument,
  { run, image }: Layout,
  fallback: boolean,
): readonly string[] {
  const [lobby, present] = [lobbyOf(name), presentTableOf(name)];
  const socket = `unix@${run}/${lobby}.sock`;
  return [
    `backend ${lobby}
    no log
    # A client that has left sends nothing more, and is not to be let out.
    timeout server-fin 250ms
    server ${LOBBY} ${socket} send-proxy-v2`,
    `frontend ${lobby}
    bind ${socket} mode 600 accept-proxy backlog 4096
    maxconn ${FRONTEND_MAXCONN}
    ${sessionLog(name, image)}
    ${CLIENT}
${withoutAgent(name, document, fallback)}
    tcp-request content set-var(sess.client) ${CLIENT_KEY}
    # A process that has just taken over doesn't know who is there.
    tcp-request content reject if { var(sess.client),in_table(${present}) } { var(sess.client),table_conn_cur(${present}) eq 0 }
${share(name, sessionsOf(document))}
${takeOver(name, fallback)}
${intoCrowd(name)}
    default_backend ${backendOf(name)}`.replace(/\n{2,}/g, "\n"),
    `backend ${present}
    stick-table type string len 64 size 20k expire 10m store conn_cur`,
  ];
}

/**
 * The agent has been silent for the limit. Its last choice goes on where the nodes' own roles confirm it; without a clear role,
 * newcomers are refused.
 */
function withoutAgent(name: string, document: PortalDocument, fallback: boolean): string {
  const silence = `    acl settled uptime ge ${settledAfter(document)}
    acl silent nbsrv(${AGENT}) eq 0`;
  const endpoint = document.endpoints[name];
  if (!fallback || endpoint === undefined)
    return `${silence}\n    tcp-request content reject if settled silent`;
  const claims = endpoint.route === "primary" ? "eq 1" : "ge 1";
  const confirmed = nodesOf(endpoint, document).map(
    ([node]) =>
      `    tcp-request content set-var(txn.confirmed) bool(true) if { srv_is_up(${backendOf(name)}/${node}) } { srv_is_up(${rolesOf(name)}/${node}) }`,
  );
  return `${silence}
    acl clear nbsrv(${rolesOf(name)}) ${claims}
    tcp-request content reject if settled silent !clear
    # These lines are gone through again when a client says its first word.
    tcp-request content set-var(txn.confirmed) bool(false)
${confirmed.join("\n")}
    acl confirmed var(txn.confirmed) -m bool`;
}

/** Where the nodes' roles don't confirm the agent's last choice, it chooses. */
const takeOver = (name: string, fallback: boolean): string =>
  fallback ? `    use_backend ${fallbackOf(name)} if settled silent !confirmed` : "";

function slots(
  name: string,
  endpoint: Endpoint,
  document: PortalDocument,
  layout: Layout,
  fallback: boolean,
): string {
  const { route } = endpoint;
  const marked = route === "primary" ? " on-marked-down shutdown-sessions" : "";
  const leaves = fallback && route === "primary" ? "\n    http-check disable-on-404" : "";
  return `backend ${backendOf(name)}
    no log
    balance leastconn
${slotCheck(`/vouch/${name}`, layout)}${leaves}
    # The answer takes a second where the agent gives none.
    timeout check 3s
    default-server check inter 1s fall 2 rise 1 maxconn ${sessionsOf(document)}
${servers(endpoint, document, () => `disabled${marked}`)}
${waitingSlot(layout.agent)}`;
}

/** Asks HAProxy's own frontend of each server, by its name. */
const slotCheck = (path: string, layout: Layout): string =>
  httpCheck(vouchSocket(layout), path, ["http-check expect status 200"]);

const httpCheck = (socket: string, path: string, expects: readonly string[]): string =>
  [
    "option httpchk",
    `http-check connect addr ${socket}`,
    `http-check send meth GET uri-lf ${path}/%[srv_name]`,
    ...expects,
  ]
    .map((line) => `    ${line}`)
    .join("\n");

/**
 * A backup: HAProxy takes it only where no node's slot is open. Open from the start, so that nobody is refused by a reload. Down at
 * the first no: while it is up, HAProxy doesn't go on by itself. It has no sessions that would have to end then, only clients that are
 * connecting, and HAProxy 3.0 leaves those hanging whose server is found down and ends its sessions.
 */
const waitingSlot = ({ host }: Layout["agent"]): string =>
  `    server ${WAITING} ${host}:${NOBODYS_PORT} backup maxconn 0 inter 500ms fall 1`;

/**
 * Each node's own role, as HAProxy itself can ask for it, and the slots of clients that are sent by it: only while the agent is silent.
 * A leader's slots are apart from its role: HAProxy 3.0 leaves a client hanging that is still connecting when its server is found down and
 * the sessions there are ended. So nobody is sent to it from the moment when it no longer says that it leads, and its sessions end after that.
 */
function fallbackServers(
  name: string,
  endpoint: Endpoint,
  document: PortalDocument,
  layout: Layout,
): string | undefined {
  const { route } = endpoint;
  const { roleCheck } = engineOf(document);
  if (!hasFallback(document) || roleCheck === undefined) return undefined;
  const check = roleCheck({ document, route, identity: layout.identity });
  const roleServer = (node: string) => `${rolesOf(name)}/${node}`;
  const asks = check.sparing
    ? `${httpCheck(rolesSocket(layout), `/${name}`, check.backend)}
    # A node is given a second for the connection, and as long for the answer.
    timeout check 2s`
    : check.backend.map((line) => `    ${line}`).join("\n");
  const rhythm = check.sparing ? "inter 2s fastinter 500ms" : "inter 2s";
  const most = `maxconn ${sessionsOf(document)}`;
  const chosen = nodesOf(endpoint, document).map(
    ([node]) => `    use-server ${node} if { srv_is_up(${roleServer(node)}) }`,
  );
  const own =
    route === "primary"
      ? `${slotCheck(`/says/${name}`, layout)}
    # Of weight 0: who can't connect is not sent there again, and is refused.
    default-server check inter 1s downinter 500ms fall 2 rise 1 weight 0 ${most} on-marked-down shutdown-sessions
${chosen.join("\n")}
${servers(endpoint, document, nothing)}`
      : `    balance leastconn
${servers(endpoint, document, (node) => `track ${roleServer(node)} ${most}`)}`;
  return `backend ${rolesOf(name)}
    no log
    # The checks' too, and theirs is a TLS handshake with a program that may be busy.
    timeout connect 1s
${asks}
    ${`default-server check ${rhythm} fall 2 rise 1 ${check.servers ?? ""}`.trimEnd()}
${servers(endpoint, document, check.server ?? nothing)}

backend ${fallbackOf(name)}
    no log
${own}`;
}

/** True where HAProxy can ask the nodes for their role itself, and is to. */
export function hasFallback(document: PortalDocument): boolean {
  return document.fallback !== "off" && engineOf(document).roleCheck !== undefined;
}

const nothing = (): string => "";

/** A line for each node of the endpoint. */
function servers(
  endpoint: Endpoint,
  document: PortalDocument,
  rest: (node: string) => string,
): string {
  return nodesOf(endpoint, document)
    .map(([node, { address, port }]) =>
      `    server ${node} ${hostOf(address)}:${port} ${rest(node)}`.trimEnd(),
    )
    .join("\n");
}

/** All nodes, or the one whose endpoint this is. */
