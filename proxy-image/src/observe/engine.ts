import type { PortalDocument } from "../contract.ts";
import type { Observer, ObserverArgs } from "./observer.ts";

/** What the agent knows of one engine. No other part of the agent knows an engine by name. */
export interface Engine {
  /** Starts to ask the cluster's sources, and translates their answers into the terms of any engine. */
  readonly observe: (args: ObserverArgs) => Observer;
  /**
   * How HAProxy itself sees whether a node may serve an endpoint, while the agent is silent. Absent: it can't, and such an
   * endpoint closes then.
   */
  readonly roleCheck?: (args: RoleCheckArgs) => RoleCheck;
  readonly limits: Limits;
  /** The server speaks first: a client that sends nothing may be waiting for its greeting. */
  readonly greets?: true;
  /**
   * By a sample and a pattern of HAProxy's: that what has come is as long as the least with which a client may begin. Absent: a byte is.
   * Nothing of a client reaches a node before.
   */
  readonly opening?: string;
}

export interface RoleCheckArgs {
  readonly document: PortalDocument;
  readonly route: Route;
  /** Folder with ca.crt, client.crt and client.key. */
  readonly identity: string;
}

export type Route = PortalDocument["endpoints"][string]["route"];

export interface RoleCheck {
  /** Lines of the backend: `option httpchk`, `tcp-check …`. */
  readonly backend: readonly string[];
  /** Where a question is dear to the node, a TLS handshake say, it is asked only while the agent says nothing. */
  readonly sparing?: SparingCheck;
  /** What every server's line adds, such as TLS. */
  readonly servers?: string;
  /** What one server's line adds, such as another port. */
  readonly server?: (node: string) => string;
}

/** A check over HTTP that goes through a frontend of HAProxy's own. `backend` then has what is expected of the answer alone. */
export interface SparingCheck {
  /** Of the question. */
  readonly path: string;
  /** What a node answers that may serve the endpoint: the answer for as long as the agent speaks and the node counts as such. */
  readonly answer: string;
  /** What each server's line needs for the question itself, such as TLS. */
  readonly servers: string;
  /** The port that is asked. */
  readonly port: number;
}

export interface Limits {
  /**
   * Sessions that one portal sends to one node at a time where the document doesn't limit them; more wait in HAProxy's queue.
   * Below the engine's own limit, so that clients who gave up during a hold can't use up the new leader's connections.
   */
  readonly sessions: number;
  /** Idle time, as HAProxy writes it, after which a client's connection ends: no shorter than the engine's own. */
  readonly idle: string;
}
