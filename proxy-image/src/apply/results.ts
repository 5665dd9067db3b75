import type { Actual, SshClient } from "../model/haproxy.ts";
import type { Pems } from "../plan/plan.ts";

export type Reading =
  | { readonly kind: "actual"; readonly actual: Actual }
  /** HAProxy isn't there, or its answer can't be read whole. */
  | { readonly kind: "unreadable"; readonly why: string };

export type Applied =
  | {
      readonly kind: "applied";
      readonly ms: number;
      readonly cut: readonly Cut[];
      /** What became of a `configure`. */
      readonly configured?: Configured;
      /** Of the certificates to be set: those that are new to HAProxy, or that it refused. */
      readonly certificates: readonly CertificateSet[];
      /** Of the SSH sessions to be ended: those that were there to end. */
      readonly endedSsh: readonly SshClient[];
    }
  | { readonly kind: "failed"; readonly why: string; readonly ms: number };

export interface Cut {
  readonly endpoint: string;
  readonly node: string;
  readonly sessions: number;
}

export type DeniedReading =
  | {
      readonly kind: "denied";
      readonly sources: readonly Denied[];
      /** Connections refused besides those, from sources that HAProxy's table had no room for. */
      readonly others: readonly Omit<Denied, "source">[];
    }
  | { readonly kind: "unreadable"; readonly why: string };

export interface Denied {
  /** Name in the document, or "status". */
  readonly endpoint: string;
  readonly source: string;
  /** Connections refused since the last report. */
  readonly count: number;
}

export type Configured =
  | { readonly kind: "unchanged" }
  /** Written while no HAProxy runs: it starts with it. */
  | { readonly kind: "written" }
  | { readonly kind: "reloaded"; readonly why: string; readonly ms: number }
  /** The running HAProxy is still as it was. */
  | { readonly kind: "refused"; readonly why: string };

export interface CertificateSet {
  readonly what: keyof Pems;
  readonly done: Done;
}

export type Done = { readonly kind: "done" } | { readonly kind: "failed"; readonly why: string };

export interface Revoked {
  readonly endpoint: string;
  readonly source: string;
  readonly sessions: number;
}

export type HaproxyEvent =
  | {
      readonly kind: "whitelist-in-force";
      readonly digest: string;
      readonly entries: number;
      readonly ms: number;
      /** Live sessions that were ended because their source is no longer listed. */
      readonly revoked: readonly Revoked[];
    }
  /** The same for sessions that could not be ended with the others, because they were still on their way to a node. */
  | { readonly kind: "late-revoked"; readonly revoked: readonly Revoked[] }
  /** Told once as long as the reason stays the same, though it is tried every second. `inForce`: only its file could not be written. */
  | {
      readonly kind: "whitelist-failed";
      readonly digest: string;
      readonly inForce: boolean;
      readonly why: string;
    }
  /** Sessions found on a cut slot after the cut, and ended. */
  | ({ readonly kind: "leftover-cut" } & Cut)
  | { readonly kind: "hold-failed"; readonly endpoint: string; readonly why: string };
