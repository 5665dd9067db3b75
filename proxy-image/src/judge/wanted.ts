import type { Whitelist } from "./whitelist.ts";

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
