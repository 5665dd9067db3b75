import type { PortalDocument } from "../contract.ts";
import { engineOf } from "../engines/table.ts";
import { AGENT, FRONTEND_MAXCONN, SSH, STATUS } from "./names.ts";
import { renderEndpoint, renderStatus } from "./render-endpoint.ts";
import { renderSsh } from "./render-ssh.ts";
import { livenessFall } from "./silence.ts";

/** Where the container keeps what haproxy.cfg names. */
export interface Places {
  /** Folder with whitelist.lst. */
  readonly folder: string;
  /** Folder with ca.crt, client.crt and client.key. */
  readonly identity: string;
  /** Folder with endings.map, part of the image. */
  readonly image: string;
  /** Folder of the runtime socket. */
  readonly run: string;
  /** Group that may use the runtime socket: the agent's, and HAProxy is in it. */
  readonly group: string;
  /** The socket of what starts an sshd for each connection. */
  readonly sshd: string;
  /** The agent's HTTP server. */
  readonly agent: { readonly host: string; readonly port: number };
}

export const PLACES: Places = {
  folder: "/var/lib/portico/haproxy",
  identity: "/etc/portico/identity",
  image: "/usr/local/lib/portico",
  run: "/run/haproxy",
  group: "steering",
  sshd: "/run/tunnel/sshd.sock",
  agent: { host: "127.0.0.1", port: 8405 },
};

/** A kernel takes a connection at once or not at all, and HAProxy pauses as long before it asks again one that refused. */
const CONNECT_MS = 250;

const OWN = [AGENT, STATUS, SSH];

/**
 * The whole haproxy.cfg. It depends on nodes, endpoints and timing only: leader and whitelist change at run time. Every
 * slot is `disabled`, so that a start or a reload opens nothing.
 */
export function renderConfig(document: PortalDocument, places: Places = PLACES): string {
  const endpoints = Object.entries(document.endpoints);
  const taken = endpoints.map(([name]) => name).find((name) => OWN.includes(name));
  if (taken !== undefined) throw new Error(`an endpoint can't be named "${taken}"`);
  return `${[
    global(places),
    defaults(document),
    ...endpoints.map(([name]) => renderEndpoint(name, document, places)),
    renderStatus(document, places),
    ...(document.ssh ? [renderSsh(document.ssh, places)] : []),
    agent(document, places),
  ].join("\n\n")}\n`;
}

function global({ run, group }: Places): string {
  return `global
    log stdout format raw local0 info
    stats socket ${run}/admin.sock mode 660 group ${group} level admin
    stats timeout 1m
    stats maxconn 32
    # Without maxconn: HAProxy takes what the descriptors allow, and would not start where they are fewer.
    fd-hard-limit 40000
    hard-stop-after 24h
    # The client's certificate and key are two files: client.crt and client.key.
    ssl-load-extra-del-ext
    ssl-load-extra-files key
    tune.bufsize 16384`;
}

function defaults(document: PortalDocument): string {
  const { timing } = document;
  const { idle } = engineOf(document).limits;
  // A dead leader refuses connects until another is proved.
  const retries = Math.max(3, Math.ceil((timing.hold * 1000) / CONNECT_MS));
  return `defaults
    mode tcp
    log global
    maxconn ${FRONTEND_MAXCONN}
    timeout connect ${CONNECT_MS}ms
    timeout client ${idle}
    timeout client-hs 5s
    timeout server ${idle}
    timeout client-fin 10s
    timeout server-fin 10s
    timeout queue 10s
    timeout check 1s
    retries ${retries}
    option redispatch 1
    option abortonclose
    option clitcpka
    option srvtcpka
    clitcpka-idle 60s
    clitcpka-intvl 10s
    clitcpka-cnt 3
    srvtcpka-idle 60s
    srvtcpka-intvl 10s
    srvtcpka-cnt 3`;
}

/** A returning agent needs a moment to open a slot; until then what HAProxy found by itself goes on. */
function agent(document: PortalDocument, { agent }: Places): string {
  const { host, port } = agent;
  return `# Down: the agent is silent. Up: it is there, whatever it says of the slots.
backend ${AGENT}
    no log
    option httpchk
    http-check send meth GET uri /alive
    http-check expect status 200
    server ${AGENT} ${host}:${port} check inter 500ms fall ${livenessFall(document)} rise 3`;
}
