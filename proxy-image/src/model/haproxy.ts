// What HAProxy should be and what it is: what judge, plan and apply have in common.

/** What HAProxy should be: the judge's output and the plan's input. */
export interface Wanted {
  /** By the endpoint's name in the document. */
  readonly endpoints: Readonly<Record<string, WantedEndpoint>>;
  readonly whitelist: Whitelist;
}

export interface WantedEndpoint {
  /**
   * `open`: new connections go to the ready slots. `held`: accept nothing, refuse nothing; the kernel parks clients.
   * `closed`: accept and end at once, so that clients go elsewhere.
   */
  readonly gate: "open" | "held" | "closed";
  /**
   * By node. `ready`: gets new connections while the gate is open, keeps its old ones. `drain`: keeps its old ones.
   * `cut`: out, and every session on it ended.
   */
  readonly slots: Readonly<Record<string, Slot>>;
  readonly why: string;
}

export type Slot = "ready" | "drain" | "cut";

/** What HAProxy says it is: read from its runtime socket, and the plan's other input. */
export interface Actual {
  /** The worker process that answered. A reload or a restart gives another one, with every leader slot disabled. */
  readonly worker: string;
  /** By the endpoint's name in the document. */
  readonly endpoints: Readonly<Record<string, ActualEndpoint>>;
  /** `unknown`: this agent didn't put it there. `changing`: a swap is under way and reports by itself. */
  readonly whitelist:
    | { readonly kind: "known"; readonly digest: string }
    | { readonly kind: "changing"; readonly digest: string }
    | { readonly kind: "unknown"; readonly why: string };
  /** Workers from before a reload that still carry sessions. They can only be cut, never steered. */
  readonly oldWorkers: readonly OldWorker[];
  readonly capacities: readonly Capacity[];
  /** The latest wall-clock millisecond that this process has seen, of a clock that may have gone back since. */
  readonly latest?: number;
}

/** What takes a limited number of connections. */
export interface Capacity {
  /** "orders-1 on primary", or "this portal". */
  readonly name: string;
  readonly used: number;
  readonly limit: number;
}

export interface ActualEndpoint {
  /**
   * `accepting`: takes new connections. `held`: parks them, for longer than the next tick. `ending`: parks them, but the
   * hold ends by itself soon, belongs to an agent that died, or has a part that is not in force.
   */
  readonly frontend: "accepting" | "held" | "ending";
  /** By node. */
  readonly slots: Readonly<Record<string, ActualSlot>>;
  /** The slot of those who wait for a leader, where the endpoint has one. */
  readonly waiting?: ActualSlot;
}

export interface ActualSlot {
  readonly admin: "ready" | "drain" | "maint";
  /** False: HAProxy sends nothing there, whatever `admin` says. */
  readonly up: boolean;
  readonly sessions: number;
  /** Sessions that HAProxy gave the node by itself, while the agent was silent. */
  readonly fallbackSessions: number;
}

export interface OldWorker {
  readonly pid: number;
  readonly slots: readonly {
    readonly endpoint: string;
    readonly node: string;
    readonly sessions: number;
  }[];
}

/** Canonical blocks that may connect, sorted; `undefined`: everybody may. */
export type Whitelist = readonly Block[] | undefined;

export interface Block {
  readonly cidr: string;
  /** The wall-clock millisecond from which it lets nobody in. Infinity: it has no end. */
  readonly until: number;
}

/** A connection to the SSH portal, by the end that its client has. */
export interface SshClient {
  readonly source: string;
  readonly port: number;
}
