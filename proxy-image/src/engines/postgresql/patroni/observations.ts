import type { Heard } from "../../../observe/heard.ts";
import type { ClusterKeys } from "./cluster-keys.ts";
import type { StatusReply } from "./status.ts";

/**
 * The latest that each source has said, and when. All that the view is made of, as plain data; times are milliseconds of the
 * observer's monotonic clock.
 */
export interface Observations {
  readonly scope: string;
  /** Since when this process has run without a gap. What wasn't asked in the gap is no silence of anybody else's. */
  readonly awakeSince: number;
  readonly quorum: QuorumObservation;
  readonly nodes: Readonly<Record<string, NodeObservation>>;
}

export interface QuorumObservation {
  readonly answer?: QuorumAnswer;
  /** Why the last question got no answer. Absent when it got one. */
  readonly failure?: string;
  /** How far each store has been seen: by the id of its etcd cluster. */
  readonly highest?: { readonly clusterId: string; readonly revision: number };
  /** Since when the order to hand over, of this revision, has been there. */
  readonly failover?: { readonly revision: number; readonly since: number };
}

export interface QuorumAnswer {
  /** When the question was sent: the answer is at least that fresh. */
  readonly askedAt: number;
  readonly at: number;
  /** For people: "etcd 10.87.16.12". */
  readonly source: string;
  readonly clusterId: string;
  readonly revision: number;
  readonly keys: ClusterKeys;
}

export interface NodeObservation extends Heard<StatusReply> {
  /** What the last probe of PostgreSQL's port found. */
  readonly probe?: {
    readonly kind: "open" | "closed" | "silent";
    readonly at: number;
    readonly why: string;
  };
  /** When the node last closed the connection that was held open. */
  readonly closed?: { readonly at: number; readonly why: string };
}

export function afterQuorumAnswer(
  before: QuorumObservation,
  answer: QuorumAnswer,
): QuorumObservation {
  const { clusterId, revision, keys } = answer;
  const same = before.highest?.clusterId === clusterId;
  const order = keys.failover?.revision;
  const since = before.failover?.revision === order ? before.failover?.since : undefined;
  return {
    answer,
    highest: {
      clusterId,
      revision: same ? Math.max(revision, before.highest?.revision ?? 0) : revision,
    },
    ...(order !== undefined && { failover: { revision: order, since: since ?? answer.at } }),
  };
}
