import type { SecureContext, SecureVersion } from "node:tls";
import { createSecureContext } from "node:tls";
import type { Logger } from "pino";

import type { PortalDocument } from "../contract.ts";
import type { Epoch, View } from "../model/view.ts";

/** What an observer needs of the document. A change of anything else, such as the whitelist, is no reason for a new one. */
export type Subject = Pick<PortalDocument, "engine" | "evidence" | "nodes">;

/** Who the portal is to the sources. */
export interface Identity {
  /** PEM of the deployment's authority: the only one whose servers are believed. */
  readonly ca: string;
  /** PEM of the portal's client certificate. */
  readonly cert: string;
  readonly key: string;
  /** By what they are for, such as `etcd`. */
  readonly logins: Readonly<Record<string, Login | undefined>>;
}

export interface Login {
  readonly user: string;
  /** Secret. */
  readonly password: string;
}

export interface ObserverArgs {
  readonly document: Subject;
  readonly identity: Identity;
  /** Milliseconds of a monotonic clock: the one of `View`'s times. */
  readonly clock: () => number;
  /**
   * The highest epoch that this portal has seen before, and who led in it: for an engine of which not every change of leader has
   * a number of its own, so that the portal counts them itself.
   */
  readonly highest?: { readonly epoch: Epoch; readonly node: string } | undefined;
  /** Called at once when something changed that may change a verdict. Never called after `stop`. */
  readonly onChange: () => void;
  readonly log: Pick<Logger, "debug" | "info" | "warn">;
}

export interface Observer {
  /** What the sources answer at `now`. Age turns an answer into silence without any event, so ask again in time. */
  view(now: number): View;
  /** From the next connection on, speaks with this identity. Nothing that is under way breaks. */
  refreshIdentity(identity: Identity): void;
  stop(): void;
}

/** True when an observer of `before` also observes `after`. */
export function isSameSubject(before: Subject, after: Subject): boolean {
  const text = ({ engine, evidence, nodes }: Subject): string =>
    JSON.stringify([
      engine,
      Object.entries(evidence).sort(byKey),
      Object.entries(nodes)
        .sort(byKey)
        .map(([name, { address, port }]) => [name, address, port]),
    ]);
  return text(before) === text(after);
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

export type Credentials =
  | { readonly kind: "usable"; readonly context: SecureContext }
  | { readonly kind: "unusable"; readonly why: string };

/** Reads certificates and key once for all connections. Never throws. */
export function credentialsOf(
  { ca, cert, key }: Identity,
  maxVersion: SecureVersion = "TLSv1.3",
): Credentials {
  try {
    const context = createSecureContext({ ca, cert, key, minVersion: "TLSv1.2", maxVersion });
    return { kind: "usable", context };
  } catch (error) {
    const why = `the portal's certificate can't be used: ${(error as Error).message}`;
    return { kind: "unusable", why };
  }
}
