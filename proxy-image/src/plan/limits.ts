import type { PortalDocument } from "../contract.ts";
import { engineOf } from "../engines/table.ts";
import { DESCRIPTORS, FRONTEND_MAXCONN } from "./names.ts";

/** Connections to the status page, and as many to the SSH portal, those that wait among them: a number, and a fraction of all connections. */
const BESIDE = { most: 256, part: 1 / 16 } as const;

/** A client is two descriptors to HAProxy, its own and its node's. */
const OF_A_CONNECTION = 2;

/**
 * What HAProxy 3.0 keeps for itself, and more: 183 of 400 were seen with two threads, of which 128 are the runtime socket's. It has
 * 64 threads at most, of three each.
 */
const OWN_DESCRIPTORS = 448;
const OF_A_CHECK = 8;

/**
 * MiB, as measured (`docs/full.md`): what an idle session costs the container where TLS ends here, and what a portal needs without sessions, with
 * a margin.
 */
const OF_A_TLS_SESSION = 58 / 1024;
const WITHOUT_SESSIONS = 160;

/** So that no source alone fills an endpoint. */
const OF_A_SOURCE = { most: FRONTEND_MAXCONN / 2, part: 0.8 } as const;

/**
 * Of the sessions that a node takes: what one source gets on each open node, and what all sources that have used up theirs share. Their sum
 * is less than a node's sessions, so that something is left for everybody else.
 */
const SHARE = { own: 0.5, beyond: 0.3 } as const;

export interface Limits {
  /** Connections that one endpoint takes. */
  readonly endpoint: number;
  /** Of one source, at all endpoints together. */
  readonly source: number;
  /** Connections that the page takes, and as many that the frontend of sshd takes. */
  readonly beside: number;
}

/**
 * A process that has all the connections it takes lets nobody in, and the checks of its own slots come in by the same way: they would
 * fail, and every session be cut. So its frontends together take less than the process does, and one that is full leaves the others
 * alone. `descriptors`: what the container lets HAProxy have. `memory`: MiB that the container has.
 */
export function limitsOf(document: PortalDocument, descriptors: number, memory: number): Limits {
  const endpoints = Object.values(document.endpoints);
  const { roleCheck } = engineOf(document);
  // The fallback has slots of a leader too, and they are checked as well; so are roles, where a frontend of HAProxy's own asks for them.
  const slots = endpoints.reduce(
    (sum, { route }) =>
      sum +
      ((route === "primary" ? 2 : 1) +
        (roleCheck?.({ document, route, identity: "" }).sparing ? 1 : 0)) *
        Object.keys(document.nodes).length +
      1,
    1,
  );
  const ofProcess =
    (Math.min(descriptors, DESCRIPTORS) - OWN_DESCRIPTORS - OF_A_CHECK * slots) / OF_A_CONNECTION;
  const beside = atLeastOne(Math.min(BESIDE.most, ofProcess * BESIDE.part));
  // A check that goes unanswered is still there when the next one comes.
  const left = ofProcess - 2 * slots - beside * (document.ssh ? 2 : 1);
  // Who waited in a lobby came through two frontends, and who was in a crowd through one more.
  const frontends = endpoints.reduce((sum, { tls }) => sum + (tls ? 2 : 1), 0);
  const crowds = endpoints.length * crowdShare(sessionsOf(document));
  const fitting = Math.max((left - crowds) / frontends, left / (frontends + endpoints.length));
  const secured = endpoints.filter(({ tls }) => tls).length;
  const remembered =
    secured === 0
      ? Number.POSITIVE_INFINITY
      : (memory - WITHOUT_SESSIONS) / OF_A_TLS_SESSION / secured;
  const endpoint = atLeastOne(Math.min(FRONTEND_MAXCONN, fitting, remembered));
  return {
    endpoint,
    source: atLeastOne(Math.min(OF_A_SOURCE.most, endpoint * OF_A_SOURCE.part)),
    beside,
  };
}

/** Sessions that a node takes from this portal. */
export function sessionsOf(document: PortalDocument): number {
  return document.sessions ?? engineOf(document).limits.sessions;
}

/** Sessions on one node that one source gets, for each open node, before it counts as having its share. */
export const ownShare = (sessions: number): number => atLeastOne(sessions * SHARE.own);

/** Sessions on one node that all sources which have their share get together. */
export const crowdShare = (sessions: number): number => atLeastOne(sessions * SHARE.beyond);

const atLeastOne = (count: number): number => Math.max(1, Math.floor(count));
