import type { NodeView, Quorum, Role, View } from "../../model/view.ts";
import type { Polled, SourceState } from "../../observe/source-state.ts";
import { answerAt } from "../../observe/source-state.ts";
import type { RedisAnswer, SentinelAnswer } from "./replies.ts";

/** By name: the address and port at which a node serves. */
export type Nodes = Readonly<Record<string, { readonly address: string; readonly port: number }>>;

/** The name of a node's Sentinel among the sources; no node has a blank in its own. */
export const sentinelOf = (node: string): string => `sentinel ${node}`;

/** What servers and Sentinels answer at `now`, in the terms of any engine. Pure. */
export function viewOf(
  nodes: Nodes,
  { sources, awakeSince }: Polled<RedisAnswer>,
  now: number,
): View {
  const claims = claimsOf(nodes, sources, awakeSince, now);
  const quorum = quorumOf(nodes, sources, claims);
  const leader = quorum.kind === "leader" ? quorum.node : undefined;
  const views = Object.keys(nodes).map((name): [string, NodeView] => {
    const role = roleOf(name, leader, { nodes, sources, awakeSince, now });
    const cluster = clusterOf(sources[name]);
    const port = portOf(sources[name] ?? {}, role);
    return [name, { role, port, ...(cluster !== undefined && { incarnation: cluster }) }];
  });
  const leaving = leavingOf(claims, quorum);
  return {
    quorum,
    nodes: Object.fromEntries(views),
    ...(leaving !== undefined && { leaving: { why: leaving } }),
    paused: false,
  };
}

/** One Sentinel's answer that counts now. */
interface Claim {
  readonly sentinel: string;
  readonly at: number;
  /** A node's name, or an address that no node has. */
  readonly node: string;
  readonly answer: SentinelAnswer;
}

function claimsOf(
  nodes: Nodes,
  sources: Polled<RedisAnswer>["sources"],
  awakeSince: number,
  now: number,
): readonly Claim[] {
  const names = Object.keys(nodes);
  return names.flatMap((sentinel) => {
    const current = answerAt(sources[sentinelOf(sentinel)] ?? {}, awakeSince, now);
    if (current.kind !== "answer" || current.content.kind !== "sentinel") return [];
    const { content: answer, at } = current;
    const node = names.find(
      (name) => nodes[name]?.address === answer.leader && nodes[name]?.port === answer.port,
    );
    return [{ sentinel, at, answer, node: node ?? `${answer.leader}:${answer.port}` }];
  });
}

/** A majority of all Sentinels of the document, answering or not, that name one leader in one epoch. */
function quorumOf(
  nodes: Nodes,
  sources: Polled<RedisAnswer>["sources"],
  claims: readonly Claim[],
): Quorum {
  const all = Object.keys(nodes);
  const majority = Math.floor(all.length / 2) + 1;
  for (const { node, answer } of claims) {
    const agree = claims.filter(
      (claim) => claim.node === node && claim.answer.epoch === answer.epoch,
    );
    if (agree.length < majority) continue;
    // It is as old as the majority's oldest answer, when the newest are taken.
    const at = agree.map((claim) => claim.at).sort((a, b) => b - a)[majority - 1] ?? 0;
    const source = `${agree.length} of ${all.length} Sentinels`;
    const incarnation = clusterOf(sources[node]);
    return {
      ...{ kind: "leader", node, epoch: [answer.epoch], at, source },
      ...(incarnation !== undefined && { incarnation }),
    };
  }
  const newest = newestOf(claims);
  const [first, ...others] = newest;
  if (first && others.some(({ node }) => node !== first.node)) {
    const leaders = newest.map(({ sentinel, node }) => `${sentinel} names ${node}`).join(", ");
    const why = `in epoch ${first.answer.epoch}, ${leaders}`;
    return { kind: "conflict", at: Math.max(...newest.map(({ at }) => at)), why };
  }
  if (claims.length >= majority) {
    const named = claims.map(({ node, answer }) => `${node} in epoch ${answer.epoch}`).join(", ");
    return { kind: "unknown", why: `the Sentinels don't agree: ${named}` };
  }
  const silent = all.find((name) => !claims.some(({ sentinel }) => sentinel === name)) ?? "";
  const why = whyNot(sources[sentinelOf(silent)]);
  return {
    kind: "unknown",
    why: `${claims.length} of ${all.length} Sentinels answer; ${silent}'s ${why}`,
  };
}

function newestOf(claims: readonly Claim[]): readonly Claim[] {
  const epoch = Math.max(...claims.map(({ answer }) => answer.epoch));
  return claims.filter(({ answer }) => answer.epoch === epoch);
}

/** The reason why the leader is about to be another one, or nothing. One Sentinel is enough: to wait costs nothing. */
function leavingOf(claims: readonly Claim[], quorum: Quorum): string | undefined {
  const replacing = claims.find(({ answer }) => answer.replaces);
  if (replacing) {
    return `${replacing.sentinel}'s Sentinel replaces ${replacing.node} as the leader`;
  }
  const [newest] = newestOf(claims);
  const epoch = quorum.kind === "leader" ? (quorum.epoch[0] ?? 0) : undefined;
  const agreed = epoch !== undefined && newest !== undefined && newest.answer.epoch <= epoch;
  if (newest === undefined || agreed || quorum.kind === "conflict") return undefined;
  if (
    claims.every(({ answer, node }) => answer.epoch === newest.answer.epoch && node === newest.node)
  ) {
    return undefined;
  }
  return `${newest.sentinel}'s Sentinel names ${newest.node} in epoch ${newest.answer.epoch} already`;
}

interface Observed {
  readonly nodes: Nodes;
  readonly sources: Polled<RedisAnswer>["sources"];
  readonly awakeSince: number;
  readonly now: number;
}

function roleOf(name: string, leader: string | undefined, observed: Observed): Role {
  const { nodes, sources, awakeSince, now } = observed;
  const current = answerAt(sources[name] ?? {}, awakeSince, now);
  if (current.kind === "silent") return current;
  const { content, at } = current;
  const neither = (why: string): Role => ({ kind: "neither", at, why });
  if (content.kind === "useless") return neither(content.why);
  if (content.kind === "sentinel") return neither("answers as a Sentinel");
  if (content.role === "leader") {
    // The image has `min-replicas-to-write 1`.
    const alone = content.replicas === 0 && Object.keys(nodes).length > 1;
    return alone
      ? neither("leads no replica, so that it takes no writes")
      : { kind: "leader", at, failsafe: false };
  }
  const from = Object.keys(nodes).find((other) => nodes[other]?.address === content.from);
  const streaming = content.linked && from !== undefined && (leader ?? from) === from;
  const end = leader === undefined ? undefined : offsetOf(sources[leader] ?? {}, awakeSince, now);
  const lag = streaming && end !== undefined ? Math.max(0, end - content.offset) : undefined;
  return { kind: "replica", at, streaming, ...(lag !== undefined && { lag }) };
}

/** The client asks the database's own port, so its silence is that of the port. */
function portOf({ answer, misses }: SourceState<RedisAnswer>, role: Role): NodeView["port"] {
  if (misses?.kind === "closed") return { kind: "closed", at: misses.since, why: misses.why };
  if (role.kind === "silent") {
    const kind = answer || misses ? "silent" : "unknown";
    return { kind, at: role.since, why: role.why };
  }
  return { kind: "open", at: role.at, why: "answers" };
}

function clusterOf(state: SourceState<RedisAnswer> | undefined): string | undefined {
  const answer = state?.answer?.content;
  return answer?.kind === "server" ? answer.cluster : undefined;
}

/** Where the leader is. The last answer of a silent one is old: measured by it, everybody would be near. */
function offsetOf(
  leader: SourceState<RedisAnswer>,
  awakeSince: number,
  now: number,
): number | undefined {
  const current = answerAt(leader, awakeSince, now);
  if (current.kind === "silent" || current.content.kind !== "server") return undefined;
  return current.content.role === "leader" ? current.content.offset : undefined;
}

function whyNot(state: SourceState<RedisAnswer> | undefined): string {
  if (state?.misses) return state.misses.why;
  const answer = state?.answer?.content;
  return answer?.kind === "useless" ? answer.why : "has not answered yet";
}
