// What Patroni, etcd and PostgreSQL's ports answer, in the terms of any engine. Pure.

import type { NodeView, Quorum, Role, View } from "../../model/view.ts";
import type { SourceState } from "../../observe/source-state.ts";
import { answerAt } from "../../observe/source-state.ts";
import type { ClusterKeys, PatroniStatus, StatusReply } from "./patroni-replies.ts";

/** An answer of the quorum counts for this long. */
const QUORUM_FRESH_MS = 2000;
/** What a probe of the port found counts for this long. */
const PORT_FRESH_MS = 2000;
/** An order to hand over that has had no effect for this long has none: Patroni can't carry it out, and waits. */
const LEAVING_MS = 15_000;

/** What the sources answer at `now`, in the terms of any engine. Pure. */
export function viewOf(observations: Observations, now: number): View {
  const { scope, awakeSince, nodes } = observations;
  const quorum = quorumOf(observations.quorum, now);
  const holder = quorum.kind === "leader" ? quorum.node : undefined;
  const end = endOf(holder === undefined ? undefined : nodes[holder], awakeSince, now);
  const views = Object.entries(nodes).map(([name, node]): [string, NodeView] => {
    const role = roleOf(node, { scope, name, end, awakeSince, now });
    const incarnation = statusOf(node)?.incarnation;
    return [
      name,
      { role, port: portOf(node, role, now), ...(incarnation !== undefined && { incarnation }) },
    ];
  });
  const leaving = leavingOf(observations.quorum, holder, now);
  return {
    quorum,
    nodes: Object.fromEntries(views),
    ...(leaving !== undefined && { leaving: { why: leaving } }),
    paused: isPaused(observations, quorum, now),
  };
}

function quorumOf({ answer, failure, highest }: QuorumObservation, now: number): Quorum {
  if (!answer) return { kind: "unknown", why: failure ?? "etcd has not answered yet" };
  const { askedAt, at, source, keys, revision } = answer;
  if (now - askedAt > QUORUM_FRESH_MS) {
    const why = failure ?? "it was not asked";
    return { kind: "unknown", why: `no quorum of etcd answered for ${QUORUM_FRESH_MS} ms: ${why}` };
  }
  if (highest && revision < highest.revision) {
    const why = `${source} went back to revision ${revision} from ${highest.revision}`;
    return { kind: "conflict", at, why };
  }
  const known = { at, source, ...(keys.incarnation && { incarnation: keys.incarnation }) };
  if (keys.leader) return { kind: "leader", ...keys.leader, ...known };
  const why = keys.incarnation ? "nobody holds the leader key" : "the cluster has no data yet";
  return { kind: "none", ...known, why };
}

interface RoleArgs {
  readonly scope: string;
  readonly name: string;
  /** Where the leader's WAL ends. */
  readonly end: number | undefined;
  readonly awakeSince: number;
  readonly now: number;
}

function roleOf(node: NodeObservation, { scope, name, end, awakeSince, now }: RoleArgs): Role {
  const current = answerAt(node, awakeSince, now);
  if (current.kind === "silent") return { ...current, why: `Patroni ${current.why}` };
  const { content, at } = current;
  const neither = (why: string): Role => ({ kind: "neither", at, why });
  if (content.kind === "unreadable") return neither(`answers what can't be read: ${content.why}`);
  const { status } = content;
  if (status.scope !== scope || status.name !== name) {
    return neither(`answers as ${status.name} of ${status.scope}`);
  }
  if (status.state !== "running") return neither(`is ${status.state}`);
  if (status.role === "primary") {
    // Patroni's own opinion of the role, when PostgreSQL couldn't be asked, comes without a position.
    if (status.location === undefined) return neither("says primary without PostgreSQL's word");
    return { kind: "leader", at, failsafe: status.failsafe };
  }
  if (status.role !== "replica") return neither(`has the role ${status.role}`);
  const { streaming, replayed } = status;
  const lag = end === undefined || replayed === undefined ? undefined : Math.max(0, end - replayed);
  return { kind: "replica", at, streaming, ...(lag !== undefined && { lag }) };
}

function portOf(node: NodeObservation, role: Role, now: number): NodeView["port"] {
  const { probe, closed } = node;
  // A server that restarts after a crash answers the probe before it takes anybody. Only its manager knows when.
  const unexplained = closed && role.kind !== "silent" && closed.at > role.at;
  if (closed && (unexplained || !probe || closed.at > probe.at)) {
    if (unexplained || now - closed.at <= PORT_FRESH_MS) return { kind: "closed", ...closed };
  }
  if (probe && now - probe.at <= PORT_FRESH_MS) return probe;
  return { kind: "unknown", at: probe?.at ?? 0, why: "PostgreSQL's port was not probed lately" };
}

/** The reason why the leader is about to hand over, or nothing. */
function leavingOf(
  { answer, failover: order }: QuorumObservation,
  holder: string | undefined,
  now: number,
): string | undefined {
  const failover = answer?.keys.failover;
  if (!failover || failover.scheduled || holder === undefined) return undefined;
  if (order && now - order.since > LEAVING_MS) return undefined;
  const { leader, candidate } = failover;
  if ((leader !== undefined && leader !== holder) || candidate === holder) return undefined;
  return `${holder} is to hand over to ${candidate ?? "another node"}`;
}

/** The cluster's configuration says so, or, where it can't be read, a node that has read it. */
function isPaused({ quorum, nodes }: Observations, verdict: Quorum, now: number): boolean {
  const configured = verdict.kind === "unknown" ? undefined : quorum.answer?.keys.paused;
  if (configured !== undefined) return configured;
  return Object.values(nodes).some(
    (node) =>
      statusOf(node)?.paused === true && now - (node.answer?.askedAt ?? 0) <= QUORUM_FRESH_MS,
  );
}

function statusOf({ answer }: NodeObservation): PatroniStatus | undefined {
  return answer?.content.kind === "status" ? answer.content.status : undefined;
}

/** Where the leader's WAL ends. The last answer of a silent one is old: measured by it, everybody would be near. */
function endOf(
  leader: NodeObservation | undefined,
  awakeSince: number,
  now: number,
): number | undefined {
  if (leader === undefined || answerAt(leader, awakeSince, now).kind === "silent") return undefined;
  return statusOf(leader)?.location;
}

/**
 * The latest answer of each source, and when it came. All that the view is made of, as plain data; times are milliseconds of the
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

export interface NodeObservation extends SourceState<StatusReply> {
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
