import type { PortalDocument } from "../contract.ts";
import type { Layout } from "./names.ts";
import { AGENT, backendOf, LATEST, rolesOf, SPOKE, VOUCH, VOUCHED, WAITING } from "./names.ts";

/** The address of the frontend that answers the slots' checks. */
export const vouchSocket = ({ run }: Layout): string => `unix@${run}/vouch.sock`;

/** What the agent answers of a node that it doesn't vouch for. Any other failure proves nothing about the node. */
export const NO = 403;

/** The head in which the agent, asked whether it lives, says for whom it vouches. */
export const VOUCHED_HEAD = "vouched";

/** The text in which it does. No name has a semicolon. */
export const vouchedText = (slots: readonly (readonly [string, string])[]): string =>
  `;${slots.map(([endpoint, node]) => `${endpoint}/${node};`).join("")}`;

/** Seconds of HAProxy's uptime for which the agent's last word counts. HAProxy asks for it twice a second. */
const SPOKEN = 2;

/** True while the agent has spoken just now. */
export const speaks = `uptime,sub(${SPOKE}) lt ${SPOKEN}`;

/**
 * The answer for a leader during the second or more before HAProxy itself says no: its slot takes nobody new, and its sessions go on. HAProxy 3.0
 * leaves a client hanging that is still connecting when its server is found down and the sessions there are ended. By then it has been sent away.
 */
const NO_MORE = 404;

/** True where HAProxy can see for itself whether a node may serve that endpoint. */
export type HasOwnCheck = (endpoint: string) => boolean;

/**
 * What a slot's check asks. While the agent answers, its answer counts, and it names all slots for which it vouches whenever it is asked
 * whether it lives: it is asked about a slot when that isn't among them, or when it has not answered for a while. Without an answer the slot stays as it is. Once it is silent, the
 * node's own role counts; where HAProxy can't ask for that, nothing disproves the node, and newcomers alone are refused.
 */
export function renderVouch(
  document: PortalDocument,
  layout: Layout,
  hasOwnCheck: HasOwnCheck,
): string {
  const { host, port } = layout.agent;
  const slots = slotsOf(document);
  const lines = slots.flatMap(({ endpoint, node }) => {
    const slotAsks = `/vouch/${endpoint}/${node}`;
    const slot = `srv_is_up(${backendOf(endpoint)}/${node})`;
    const own = hasOwnCheck(endpoint) ? `srv_is_up(${rolesOf(endpoint)}/${node})` : slot;
    return [
      `    http-request set-var(txn.up) bool(true) if { path ${slotAsks} } { ${slot} }`,
      `    http-request set-var(txn.vouched) bool(true) if { path ${slotAsks} } { var(${VOUCHED}) -m sub "${vouchedText([[endpoint, node]])}" }`,
      // Nobody waits for a leader that a silent agent could name.
      ...(node === WAITING
        ? []
        : [
            `    http-request set-var(txn.leads) bool(true) if { path ${slotAsks} /says/${endpoint}/${node} } { ${own} }`,
          ]),
    ];
  });
  const leaving = slots.flatMap(({ endpoint, node, route }, index) => {
    if (route !== "primary" || node === WAITING || !hasOwnCheck(endpoint)) return [];
    const asks = `{ path /vouch/${endpoint}/${node} }`;
    const first = `proc.no_more_${index}`;
    return [
      `    http-request unset-var(${first}) if ${asks} !silent || ${asks} leads`,
      `    http-request set-var(${first}) uptime if ${asks} silent !leads !{ var(${first}) -m found }`,
      `    http-request return status ${NO_MORE} if ${asks} settled silent !leads { uptime,sub(${first}) lt 2 }`,
    ];
  });
  return `# Checks ask here. Up: ${AGENT} has a verdict, whatever it is. Down: it is silent.
${checksFrontend(VOUCH, vouchSocket(layout))}
    acl settled uptime ge ${settledAfter(document)}
    acl silent nbsrv(${AGENT}) eq 0
    acl question path_beg /vouch/
    # A clock that is set back brings back nobody whose entry has ended meanwhile: only the agent knows about those.
    http-request set-var(${LATEST}) date(0,ms) if { date(0,ms),sub(${LATEST}) gt 0 }
    http-response set-var(${LATEST}) date(0,ms) if { status 200 ${NO} }
    http-response set-var(${SPOKE}) uptime if { status 200 ${NO} }
    http-response set-var(${VOUCHED}) res.fhdr(${VOUCHED_HEAD}) if { res.fhdr(${VOUCHED_HEAD}) -m found }
${lines.join("\n")}
    acl leads var(txn.leads) -m bool
    http-request return status 200 if { path_beg /says/ } leads
    http-request return status ${NO} if { path_beg /says/ }
${leaving.join("\n")}
    http-request return status 200 if question settled silent leads
    http-request return status ${NO} if question settled silent
    acl spoken ${speaks}
    # Only a yes: a slot that was opened since then goes down at its first no.
    http-request return status 200 if question spoken { var(txn.vouched) -m bool }
    http-after-response set-status 200 if { status 500:599 } { var(txn.up) -m bool }
    default_backend ${VOUCH}

# A dead agent is asked until the check has had enough, so that it counts as silent no sooner than a frozen one.
backend ${VOUCH}
    mode http
    no log
    http-reuse always
    retries 3
    timeout connect 250ms
    timeout server 1s
    server ${AGENT} ${host}:${port}`;
}

function slotsOf(document: PortalDocument) {
  return Object.entries(document.endpoints).flatMap(([name, endpoint]) =>
    [...nodesOf(endpoint, document).map(([node]) => node), WAITING].map((node) => ({
      endpoint: name,
      route: endpoint.route,
      node,
    })),
  );
}

type Endpoint = PortalDocument["endpoints"][string];

/** The nodes of an endpoint, with their names. */
export function nodesOf({ node }: Endpoint, { nodes }: PortalDocument) {
  return Object.entries(nodes).filter(([name]) => node === undefined || name === node);
}

/** Where a frontend begins that answers checks of HAProxy's own. */
export const checksFrontend = (name: string, socket: string): string => `frontend ${name}
    mode http
    no log
    bind ${socket} mode 600
    timeout client 5s
    timeout http-request 5s
    timeout http-keep-alive 1s`;

type Timing = Pick<PortalDocument, "timing">;

/**
 * Failed questions after which the agent is silent. One takes a second, half of it the time-out, whether the agent is dead, frozen
 * or without a verdict. The first one begins within half a second of its last answer: HAProxy goes on by itself between half a
 * second and a second after the limit, never before it.
 */
export function livenessFall({ timing }: Timing): number {
  return Math.ceil(timing.silence) + 1;
}

/** A process that just started takes servers for up until they are checked, and the agent for down after one check. */
export function settledAfter({ timing }: Timing): number {
  return Math.ceil(timing.silence);
}
