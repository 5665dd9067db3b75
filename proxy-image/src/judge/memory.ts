import type { Epoch } from "./view.ts";

/** What the judge knows from before. `lineage` survives a restart of the portal; the rest is read back from HAProxy. */
export interface Memory {
  readonly lineage: Lineage;
  readonly gate: Gate;
  readonly readers: Readonly<Record<string, Reader>>;
  /** The nodes as endpoints over any of them, or one, see them: whatever their role. */
  readonly members: Readonly<Record<string, Reader>>;
  readonly pool: Pool;
}

/** What an endpoint over any node does with a new connection. */
export interface Pool {
  readonly kind: "open" | "held" | "closed";
  readonly since: number;
  readonly why: string;
}

/** Which cluster this portal serves, and how far its history has been seen. */
export interface Lineage {
  /** The document's generation in which the rest was learned. 0: lost with it. */
  readonly generation: number;
  /** Why nobody can say what was learned in this generation. Ends with the generation. */
  readonly lost?: string;
  /** The first incarnation seen in this generation. */
  readonly incarnation?: string;
  readonly highest?: {
    readonly epoch: Epoch;
    readonly node: string;
    /** When the quorum first told of this epoch, in the monotonic clock's milliseconds. */
    readonly at: number;
  };
}

/** What the write endpoint does with a new connection, and whose old sessions it keeps. */
export type Gate =
  | { readonly kind: "open"; readonly node: string; readonly since: number; readonly why: string }
  | {
      readonly kind: "held" | "closed";
      /** The leader that fell silent but is not disproved: its sessions stay. */
      readonly keep?: string | undefined;
      readonly since: number;
      readonly why: string;
    };

export type Reader =
  | { readonly kind: "ready" }
  | { readonly kind: "drain"; readonly since: number }
  | { readonly kind: "cut" };

/** Why an endpoint is closed that nobody has judged yet: its agent has just started, or the document has no such endpoint. */
export const UNSEEN = "nothing has been seen yet";

/** A portal that has never seen anything: closed, with nobody's sessions to keep. */
export function blankMemory(generation: number, now: number): Memory {
  return {
    lineage: { generation },
    gate: { kind: "closed", since: now, why: UNSEEN },
    readers: {},
    members: {},
    pool: { kind: "closed", since: now, why: UNSEEN },
  };
}
