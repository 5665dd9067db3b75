import type { PortalDocument } from "../contract.ts";
import { whitelistDigest } from "../judge/whitelist.ts";
import type { Actual, ActualSlot, SshClient, Wanted, Whitelist } from "../model/haproxy.ts";
import { WAITING } from "./names.ts";

/** One step towards what is wanted. Data: the plan makes it, `apply/` turns it into HAProxy's commands. */
export type Command =
  /** Park new connections of an endpoint. Ends by itself unless it is renewed. */
  | { readonly kind: "hold"; readonly endpoint: string }
  | { readonly kind: "release"; readonly endpoint: string }
  /** Take a slot out that has no session left: on a write endpoint this ends those that it has. */
  | { readonly kind: "maint"; readonly endpoint: string; readonly node: string }
  /** End every session on a slot, also those that HAProxy gave the node while the agent was silent. */
  | { readonly kind: "shutdownSessions"; readonly endpoint: string; readonly node: string }
  /** No new session, the old ones go on. */
  | { readonly kind: "drain"; readonly endpoint: string; readonly node: string }
  | {
      readonly kind: "open";
      readonly endpoint: string;
      readonly node: string;
      /** `ready` does nothing on a slot that is DOWN: such a slot goes through `maint`, which a live one must not. */
      readonly through: "ready" | "maint";
    }
  /** End every session that a worker from before a reload still has on a slot. */
  | {
      readonly kind: "cutOldWorker";
      readonly pid: number;
      readonly endpoint: string;
      readonly node: string;
      readonly sessions: number;
    }
  /** Swap the whitelist in one transaction, then end the sessions of sources that are no longer on it. */
  | {
      readonly kind: "setWhitelist";
      readonly list: Whitelist;
      readonly digest: string;
    }
  /** Bring haproxy.cfg up to date for a document. A running HAProxy reloads where that changed. */
  | {
      readonly kind: "configure";
      readonly document: PortalDocument;
      /** The list that a new process begins with. Asked for when its file is written, which is later than this plan. */
      readonly whitelist: () => Whitelist;
      /** The reason for a reload, for the log. */
      readonly why: string;
    }
  /** Put a certificate with its key into the running process. */
  | { readonly kind: "setCertificate"; readonly what: keyof Pems; readonly pem: string }
  /** End SSH sessions, with every tunnel in them. */
  | { readonly kind: "endSsh"; readonly clients: readonly SshClient[] };

/** Certificates, each with its key. */
export interface Pems {
  /** With it HAProxy's own checks ask the nodes. */
  readonly client: string;
  /** What clients see where TLS ends at the portal. */
  readonly server: string | undefined;
}

/** The commands that turn what HAProxy is into what it should be, in the order that lets no session slip through. */
export function plan(actual: Actual, wanted: Wanted): readonly Command[] {
  const named = Object.entries(wanted.endpoints);
  return [
    ...named.flatMap(([name, want]) => holds(name, actual, want)),
    ...named.flatMap(([name, want]) => waits(name, actual, want)),
    ...named.flatMap(([name, want]) => takeOut(name, actual, want)),
    ...named.flatMap(([name, want]) => cutSessions(name, actual, want)),
    ...named.flatMap(([name, want]) => open(name, actual, want)),
    ...named.flatMap(([name, want]) => releases(name, actual, want)),
    ...cutOldWorkers(actual, wanted),
    ...whitelist(actual, wanted),
  ];
}

/** The certificates that the running process isn't known to have. */
export function planCertificates(
  inUse: Partial<Pems>,
  { client, server }: Pems,
): readonly Command[] {
  const all = [
    ["client", client],
    ["server", server],
  ] as const;
  return all.flatMap(([what, pem]): readonly Command[] =>
    pem === undefined || pem === inUse[what] ? [] : [{ kind: "setCertificate", what, pem }],
  );
}

type Want = Wanted["endpoints"][string];

function holds(endpoint: string, actual: Actual, { gate }: Want): readonly Command[] {
  const door = actual.endpoints[endpoint]?.frontend;
  return gate === "held" && door !== undefined && door !== "held"
    ? [{ kind: "hold", endpoint }]
    : [];
}

function releases(endpoint: string, actual: Actual, { gate }: Want): readonly Command[] {
  const door = actual.endpoints[endpoint]?.frontend;
  return gate !== "held" && door !== undefined && door !== "accepting"
    ? [{ kind: "release", endpoint }]
    : [];
}

/** Before a leader goes: who is still connecting to it has to have where to wait. Only a closed endpoint lets nobody wait. */
function waits(endpoint: string, actual: Actual, { gate }: Want): readonly Command[] {
  const is = actual.endpoints[endpoint]?.waiting;
  if (is === undefined) return [];
  if (gate === "closed") {
    return is.admin === "ready" ? [{ kind: "drain", endpoint, node: WAITING }] : [];
  }
  return is.admin === "ready" && is.up ? [] : [opening(endpoint, WAITING, is)];
}

/**
 * Out of the rotation first, and out of service once it is empty. HAProxy 3.0 ends a session that is still connecting on its
 * server's side only: the client would hang for good. `maint` does that to everybody on the slot, `drain` to nobody, and who
 * was still connecting tries again and reaches the new leader.
 */
function takeOut(endpoint: string, actual: Actual, want: Want): readonly Command[] {
  return slotsOf(endpoint, actual, want).flatMap(({ node, slot, is }): readonly Command[] => {
    if (slot === "ready" || is.admin === "maint") return [];
    const empty = is.admin === "drain" && is.sessions === 0;
    if (slot === "cut" && (empty || !is.up)) return [{ kind: "maint", endpoint, node }];
    return is.admin === "ready" ? [{ kind: "drain", endpoint, node }] : [];
  });
}

function cutSessions(endpoint: string, actual: Actual, want: Want): readonly Command[] {
  return slotsOf(endpoint, actual, want).flatMap(({ node, slot, is }): readonly Command[] => {
    const sessions = is.sessions + is.fallbackSessions;
    // Also where none was read: one may have come since.
    if (slot !== "cut" || (is.admin !== "ready" && sessions === 0)) return [];
    return [{ kind: "shutdownSessions", endpoint, node }];
  });
}

/** Only an open gate opens a slot: while held or closed there is no fresh proof that the node leads. */
function open(endpoint: string, actual: Actual, want: Want): readonly Command[] {
  if (want.gate !== "open") return [];
  return slotsOf(endpoint, actual, want).flatMap(({ node, slot, is }): readonly Command[] => {
    if (slot !== "ready" || (is.admin === "ready" && is.up)) return [];
    return [opening(endpoint, node, is)];
  });
}

function opening(endpoint: string, node: string, { admin, up }: ActualSlot): Command {
  return { kind: "open", endpoint, node, through: admin !== "maint" && up ? "ready" : "maint" };
}

function cutOldWorkers({ oldWorkers }: Actual, wanted: Wanted): readonly Command[] {
  return oldWorkers.flatMap(({ pid, slots }) =>
    slots
      .filter(
        ({ endpoint, node, sessions }) =>
          sessions > 0 && (wanted.endpoints[endpoint]?.slots[node] ?? "cut") === "cut",
      )
      .map((slot): Command => ({ kind: "cutOldWorker", pid, ...slot })),
  );
}

function whitelist(actual: Actual, wanted: Wanted): readonly Command[] {
  const digest = whitelistDigest(wanted.whitelist);
  // A swap under way is left to end: never two versions open.
  if (actual.whitelist.kind === "changing") return [];
  if (actual.whitelist.kind === "known" && actual.whitelist.digest === digest) return [];
  return [{ kind: "setWhitelist", list: wanted.whitelist, digest }];
}

/** A closed gate takes no new session, so what is ready for an open one drains. */
function slotsOf(endpoint: string, actual: Actual, { gate, slots }: Want) {
  return Object.entries(actual.endpoints[endpoint]?.slots ?? {}).map(([node, is]) => {
    const slot = slots[node] ?? "cut";
    return { node, is, slot: gate === "closed" && slot === "ready" ? "drain" : slot };
  });
}
