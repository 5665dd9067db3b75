/**
 * What the sources answer, in the terms of any engine: the input of the judge. Engines translate their protocols into it
 * (`engines/`), and nothing behind it knows an engine by name. Times are milliseconds of one monotonic clock.
 */
export interface View {
  /** What the cluster's own quorum says about who leads. */
  readonly quorum: Quorum;
  /** Every node of the document, by name. */
  readonly nodes: Readonly<Record<string, NodeView>>;
  /** Set while the quorum announces that the leader is about to hand over. */
  readonly leaving?: { readonly why: string };
  /** True while the cluster is told not to elect anybody (Patroni's pause). */
  readonly paused: boolean;
}

export type Quorum =
  | {
      readonly kind: "leader";
      readonly node: string;
      readonly epoch: Epoch;
      /** Identity of the cluster's data (PostgreSQL: system identifier). Absent while the source doesn't know it. */
      readonly incarnation?: string;
      /** When the quorum answered. */
      readonly at: number;
      /** For people: "etcd 10.87.16.12". */
      readonly source: string;
    }
  | {
      readonly kind: "none";
      readonly incarnation?: string;
      readonly at: number;
      readonly source: string;
      readonly why: string;
    }
  /** The engine has no leader: every node that serves, serves everybody. */
  | { readonly kind: "leaderless"; readonly incarnation?: string; readonly at: number }
  /** Two leaders in one epoch, or answers that can't both be true. */
  | { readonly kind: "conflict"; readonly at: number; readonly why: string }
  /** No quorum has ever answered, or the last answer is older than the engine's freshness limit. */
  | { readonly kind: "unknown"; readonly why: string };

/** Orders evidence. Compared number by number, first difference decides; a missing number counts as 0. */
export type Epoch = readonly number[];

/** For engines that don't ask the database's own port apart from the node's role. */
export const portUnknown: NodeView["port"] = { kind: "unknown", at: 0, why: "not asked apart" };

export interface NodeView {
  /** What the node says it is, through its HA manager. */
  readonly role: Role;
  /**
   * Whether the database's own port answers. `closed`: refused, or a connection that was held open was closed by the
   * node. `silent`: no answer within the deadline. `unknown`: not asked lately, which is no sign of anything.
   */
  readonly port: {
    readonly kind: "open" | "closed" | "silent" | "unknown";
    readonly at: number;
    readonly why: string;
  };
  readonly incarnation?: string;
}

export type Role =
  | {
      readonly kind: "leader";
      readonly at: number;
      /** True when it leads by its engine's fail-safe rule, without the quorum's key. */
      readonly failsafe: boolean;
    }
  | {
      readonly kind: "replica";
      readonly at: number;
      /** True while it receives from the leader. */
      readonly streaming: boolean;
      /** Bytes behind the leader. Absent while that is not known; "unmeasured" where the engine has no such measure. */
      readonly lag?: number | "unmeasured";
    }
  /** It serves everybody, in an engine without a leader. */
  | { readonly kind: "serving"; readonly at: number }
  /** It answered, but is none of these: starting, stopping, restoring, or of another cluster. */
  | { readonly kind: "neither"; readonly at: number; readonly why: string }
  /** `since`: when it was first found silent, that is after the engine's number of misses. */
  | { readonly kind: "silent"; readonly since: number; readonly why: string };

/** Below 0: `a` is older than `b`. 0: the same. Above 0: newer. */
export function compareEpochs(a: Epoch, b: Epoch): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
