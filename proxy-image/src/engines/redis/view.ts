import type { NodeView, Quorum, View, Word } from "../../model/view.ts";
import type { Heard, Polled } from "../../observe/heard.ts";
import { hear } from "../../observe/heard.ts";
import type { Said, SentinelSaid } from "./replies.ts";

/** By name: the address and port at which a node serves. */
export type Nodes = Readonly<Record<string, { readonly address: string; readonly port: number }>>;

/** The name of a node's Sentinel among the sources; no node has a blank in its own. */
export const sentinelOf = (node: string): string => `sentinel ${node}`;

/** What servers and Sentinels say at `now`, in the terms of any engine. Pure. */
export function viewOf(nodes: Nodes, { heard, awakeSince }: Polled<Said>, now: number): View {
  const claims = claimsOf(nodes, heard, awakeSince, now);
  const quorum = quorumOf(nodes, heard, claims);
  const leader = quorum.kind === "leader" ? quorum.node : undefined;
  const views = Object.keys(nodes).map((name): [string, NodeView] => {
    const word = wordOf(name, leader, { nodes, heard, awakeSince, now });
    const cluster = clusterOf(heard[name]);
    const port = portOf(heard[name] ?? {}, word);
    return [name, { word, port, ...(cluster !== undefined && { incarnation: cluster }) }];
  });
  const leaving = leavingOf(claims, quorum);
  return {
    quorum,
    nodes: Object.fromEntries(views),
    ...(leaving !== undefined && { leaving: { why: leaving } }),
    paused: false,
  };
}

/** One Sentinel's word that counts now. */
interface Claim {
  readonly sentinel: string;
  readonly at: number;
  /** A node's name, or an address that no node has. */
  readonly node: string;
  readonly said: SentinelSaid;
}

function claimsOf(
  nodes: Nodes,
  heard: Polled<Said>["heard"],
  awakeSince: number,
  now: number,
): readonly Claim[] {
  const names = Object.keys(nodes);
  return names.flatMap((sentinel) => {
    const word = hear(heard[sentinelOf(sentinel)] ?? {}, awakeSince, now);
    if (word.kind !== "answer" || word.said.kind !== "sentinel") return [];
    const { said, at } = word;
    const node = names.find(
      (name) => nodes[name]?.address === said.leader && nodes[name]?.port === said.port,
    );
    return [{ sentinel, at, said, node: node ?? `${said.leader}:${said.port}` }];
  });
}

/** A majority of all Sentinels of the document, answering or not, that name one leader in one epoch. */
function quorumOf(nodes: Nodes, heard: Polled<Said>["heard"], claims: readonly Claim[]): Quorum {
  const all = Object.keys(nodes);
  const majority = Math.floor(all.length / 2) + 1;
  for (const { node, said } of claims) {
    const agree = claims.filter((claim) => claim.node === node && claim.said.epoch === said.epoch);
    if (agree.length < majority) continue;
    // It is as old as the majority's oldest answer, when the newest are taken.
    const at = agree.map((claim) => claim.at).sort((a, b) => b - a)[majority - 1] ?? 0;
    const source = `${agree.length} of ${all.length} Sentinels`;
    const incarnation = clusterOf(heard[node]);
    return {
      ...{ kind: "leader", node, epoch: [said.epoch], at, source },
      ...(incarnation !== undefined && { incarnation }),
    };
  }
  const newest = newestOf(claims);
  const [first, ...others] = newest;
  if (first && others.some(({ node }) => node !== first.node)) {
    const leaders = newest.map(({ sentinel, node }) => `${sentinel} names ${node}`).join(", ");
    const why = `in epoch ${first.said.epoch}, ${leaders}`;
    return { kind: "conflict", at: Math.max(...newest.map(({ at }) => at)), why };
  }
  if (claims.length >= majority) {
    const words = claims.map(({ node, said }) => `${node} in epoch ${said.epoch}`).join(", ");
    return { kind: "unknown", why: `the Sentinels don't agree: ${words}` };
  }
  const silent = all.find((name) => !claims.some(({ sentinel }) => sentinel === name)) ?? "";
  const why = whyNot(heard[sentinelOf(silent)]);
  return {
    kind: "unknown",
    why: `${claims.length} of ${all.length} Sentinels answer; ${silent}'s ${why}`,
  };
}

function newestOf(claims: readonly Claim[]): readonly Claim[] {
  const epoch = Math.max(...claims.map(({ said }) => said.epoch));
  return claims.filter(({ said }) => said.epoch === epoch);
}

/** The reason why the leader is about to be another one, or nothing. One Sentinel is enough: to wait costs nothing. */
function leavingOf(claims: readonly Claim[], quorum: Quorum): string | undefined {
  const replacing = claims.find(({ said }) => said.replaces);
  if (replacing) {
    return `${replacing.sentinel}'s Sentinel replaces ${replacing.node} as the leader`;
  }
  const [newest] = newestOf(claims);
  const epoch = quorum.kind === "leader" ? (quorum.epoch[0] ?? 0) : undefined;
  const agreed = epoch !== undefined && newest !== undefined && newest.said.epoch <= epoch;
  if (newest === undefined || agreed || quorum.kind === "conflict") return undefined;
  if (claims.every(({ said, node }) => said.epoch === newest.said.epoch && node === newest.node)) {
    return undefined;
  }
  return `${newest.sentinel}'s Sentinel names ${newest.node} in epoch ${newest.said.epoch} already`;
}

interface Scene {
  readonly nodes: Nodes;
  readonly heard: Polled<Said>["heard"];
  readonly awakeSince: number;
  readonly now: number;
}

function wordOf(name: string, leader: string | undefined, scene: Scene): Word {
  const { nodes, heard, awakeSince, now } = scene;
  const word = hear(heard[name] ?? {}, awakeSince, now);
  if (word.kind === "silent") return word;
  const { said, at } = word;
  const neither = (why: string): Word => ({ kind: "neither", at, why });
  if (said.kind === "useless") return neither(said.why);
  if (said.kind === "sentinel") return neither("answers as a Sentinel");
  if (said.role === "leader") {
    // The image has `min-replicas-to-write 1`.
    const alone = said.replicas === 0 && Object.keys(nodes).length > 1;
    return alone
      ? neither("leads no replica, so that it takes no writes")
      : { kind: "leader", at, failsafe: false };
  }
  const from = Object.keys(nodes).find((other) => nodes[other]?.address === said.from);
  const streaming = said.linked && from !== undefined && (leader ?? from) === from;
  const end = leader === undefined ? undefined : offsetOf(heard[leader] ?? {}, awakeSince, now);
  const lag = streaming && end !== undefined ? Math.max(0, end - said.offset) : undefined;
  return { kind: "replica", at, streaming, ...(lag !== undefined && { lag }) };
}

/** The probe speaks to the database's own port, so its silence is that of the port. */
function portOf({ answer, misses }: Heard<Said>, word: Word): NodeView["port"] {
  if (misses?.kind === "closed") return { kind: "closed", at: misses.since, why: misses.why };
  if (word.kind === "silent") {
    const kind = answer || misses ? "silent" : "unknown";
    return { kind, at: word.since, why: word.why };
  }
  return { kind: "open", at: word.at, why: "answers" };
}

function clusterOf(heard: Heard<Said> | undefined): string | undefined {
  const said = heard?.answer?.said;
  return said?.kind === "server" ? said.cluster : undefined;
}

/** Where the leader is. What a silent one said last is old: measured by it, everybody would be near. */
function offsetOf(leader: Heard<Said>, awakeSince: number, now: number): number | undefined {
  const word = hear(leader, awakeSince, now);
  if (word.kind === "silent" || word.said.kind !== "server") return undefined;
  return word.said.role === "leader" ? word.said.offset : undefined;
}

function whyNot(heard: Heard<Said> | undefined): string {
  if (heard?.misses) return heard.misses.why;
  const said = heard?.answer?.said;
  return said?.kind === "useless" ? said.why : "has not answered yet";
}
