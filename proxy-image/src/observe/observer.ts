import type { Logger } from "pino";

import type { PortalDocument } from "../contract.ts";
import type { View } from "../judge/view.ts";
import { observePatroni } from "./patroni/observe.ts";

/** What an observer needs of the document. A change of anything else, such as the whitelist, is no reason for a new one. */
export type Subject = Pick<PortalDocument, "evidence" | "nodes">;

/** Who the portal is to the sources. All but the user are secrets or files that are renewed. */
export interface Identity {
  /** PEM of the deployment's authority: the only one whose servers are believed. */
  readonly ca: string;
  /** PEM of the portal's client certificate. */
  readonly cert: string;
  readonly key: string;
  readonly etcdUser: string;
  readonly etcdPassword: string;
}

export interface ObserverArgs {
  readonly document: Subject;
  readonly identity: Identity;
  /** Milliseconds of a monotonic clock: the one in which `View`'s times are told. */
  readonly clock: () => number;
  /** Called at once when something changed that may change a verdict. Never called after `stop`. */
  readonly onChange: () => void;
  readonly log: Pick<Logger, "debug" | "info" | "warn">;
}

export interface Observer {
  /** What the sources say at `now`. Age turns an answer into silence without any event, so ask again in time. */
  view(now: number): View;
  /** From the next connection on, speaks with this identity. Nothing that is under way breaks. */
  refreshIdentity(identity: Identity): void;
  stop(): void;
}

/** Starts to ask all sources of a cluster, each at its own pace, until `stop`. */
export function createObserver(args: ObserverArgs): Observer {
  return OBSERVERS[args.document.evidence.kind](args);
}

/** True when an observer of `before` also observes `after`. */
export function isSameSubject(before: Subject, after: Subject): boolean {
  const text = ({ evidence, nodes }: Subject): string =>
    JSON.stringify([
      Object.entries(evidence).sort(byKey),
      Object.entries(nodes)
        .sort(byKey)
        .map(([name, { address, port }]) => [name, address, port]),
    ]);
  return text(before) === text(after);
}

const OBSERVERS: Readonly<Record<Subject["evidence"]["kind"], (args: ObserverArgs) => Observer>> = {
  patroni: observePatroni,
};

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
