import type { PortalDocument } from "../contract.ts";
import { engineOf } from "../engines/table.ts";
import { limitsOf } from "./limits.ts";
import type { Layout } from "./names.ts";
import {
  AGENT,
  DESCRIPTORS,
  FRONTEND_MAXCONN,
  LATEST,
  LAYOUT,
  ROLES,
  SOURCES,
  SSH,
  STATUS,
  VOUCH,
} from "./names.ts";
import { hasFallback, renderEndpoint } from "./render-endpoint.ts";
import { sourcesTable } from "./render-guard.ts";
import { renderRoles } from "./render-roles.ts";
import { renderSsh, renderStatus } from "./render-status-and-ssh.ts";
import { livenessFall, renderVouch, vouchSocket } from "./render-vouch.ts";

/** A kernel takes a connection at once or not at all, and HAProxy pauses as long before it asks again one that refused. */
const CONNECT_MS = 250;

/** Of TLS 1.2 what Mozilla's intermediate profile keeps: forward secrecy and authenticated encryption, no CBC, no SHA-1. */
const CIPHERS = ["ECDSA-AES128-GCM-SHA256", "RSA-AES128-GCM-SHA256", "ECDSA-AES256-GCM-SHA384"]
  .concat("RSA-AES256-GCM-SHA384", "ECDSA-CHACHA20-POLY1305", "RSA-CHACHA20-POLY1305")
  .map((cipher) => `ECDHE-${cipher}`)
  .join(":");

const OWN = [AGENT, STATUS, SSH, VOUCH, ROLES, SOURCES];

/**
 * The whole haproxy.cfg. It depends on nodes, endpoints, timing, fallback, shares and SSH: leader and whitelist change at run time. Every
 * node's slot is `disabled`, so that a start or a reload opens nothing; who comes then waits.
 */
export function renderConfig(document: PortalDocument, layout: Layout = LAYOUT): string {
  const endpoints = Object.entries(document.endpoints);
  const taken = endpoints.map(([name]) => name).find((name) => OWN.includes(name));
  if (taken !== undefined) throw new Error(`an endpoint can't be named "${taken}"`);
  const limits = limitsOf(document, layout.descriptors, layout.memory);
  const roles = hasFallback(document) ? renderRoles(document, layout) : undefined;
  return `${[
    global(layout),
    defaults(document),
    ...endpoints.map(([name]) => renderEndpoint(name, document, layout, limits)),
    renderStatus(document, layout, limits),
    sourcesTable,
    ...(document.ssh ? [renderSsh(document.ssh, layout, limits)] : []),
    renderVouch(document, layout, () => hasFallback(document)),
    ...(roles === undefined ? [] : [roles]),
    agent(document, layout),
  ].join("\n\n")}\n`;
}

function global({ run, group }: Layout): string {
  return `global
    log stdout format raw local0 info
    stats socket ${run}/admin.sock mode 660 group ${group} level admin
    stats timeout 1m
    # Each hold keeps a connection, for up to 13 s after it was given up.
    stats maxconn 128
    # Without maxconn: HAProxy takes what the descriptors allow, and would not start where they are fewer.
    fd-hard-limit ${DESCRIPTORS}
    hard-stop-after 24h
    # The client's certificate and key are two files: client.crt and client.key.
    ssl-load-extra-del-ext
    ssl-load-extra-files key
    set-var ${LATEST} int(0)
    tune.bufsize 16384
    # What a node has sent for a client that stopped reading: Linux takes twice as much, and would make room for more and more. Nodes are near.
    tune.rcvbuf.server 131072
    ssl-default-bind-ciphers ${CIPHERS}`;
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
    # A packet that is lost three times comes after 7 s.
    timeout client-hs 10s
    timeout server ${idle}
    # Of a peer that has said its last word and still reads: it may read slowly, or stop for a while.
    timeout client-fin 5m
    timeout server-fin 5m
    timeout queue 10s
    timeout check 1s
    retries ${retries}
    option redispatch 1
    option abortonclose
    # A peer that acknowledges is alive, however slowly it reads: no tcp-ut, which also ends those whose window is closed. Who is
    # gone is found within a minute: by these while nothing is under way, by net.ipv4.tcp_retries2 of the container otherwise.
    option clitcpka
    option srvtcpka
    clitcpka-idle 25s
    clitcpka-intvl 5s
    clitcpka-cnt 4
    srvtcpka-idle 25s
    srvtcpka-intvl 5s
    srvtcpka-cnt 4`;
}

/** A returning agent needs a moment to open a slot; until then what HAProxy found by itself goes on. */
function agent(document: PortalDocument, layout: Layout): string {
  return `# Down: the agent has been silent for the limit. Up: it speaks, whatever it says of the slots.
backend ${AGENT}
    no log
    timeout check 500ms
    option httpchk
    http-check send meth GET uri /alive
    http-check expect status 200
    server ${AGENT} ${vouchSocket(layout)} check inter 500ms fall ${livenessFall(document)} rise 3`;
}
