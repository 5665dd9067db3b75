import type { NodeView, View } from "../model/view.ts";
import type { Evidence, Gate, Lineage } from "./memory.ts";
import { isForeignNode } from "./memory.ts";

/** What is true now of the leadership, before the gate's own history is asked. */
type Finding =
  | { readonly kind: "lead"; readonly node: string; readonly why: string }
  /** `keep`: a leader that is not disproved. Without it, nobody's sessions are to live on. */
  | { readonly kind: "wait"; readonly keep?: string | undefined; readonly why: string }
  /** There is no reason to let clients wait. */
  | { readonly kind: "refuse"; readonly keep?: string | undefined; readonly why: string };

export interface Situation {
  readonly view: View;
  readonly evidence: Evidence;
  readonly lineage: Lineage;
  /** The leader whose sessions are live, if there is one. */
  readonly kept: string | undefined;
  readonly now: number;
}

/** Shorter, the silence of all nodes at once may be a pause of this machine, and no reason to send anybody away. */
const BLIND_MS = 2_000;

/**
 * Reads the signs. The rules are those of any engine with a quorum: hold on the first sign, cut only what is disproved,
 * open only when the quorum and the node itself agree.
 */
export function findLeader(situation: Situation): Finding {
  const { evidence, view, lineage, kept } = situation;
  const node = kept === undefined ? undefined : view.nodes[kept];
  if (kept !== undefined && isForeignNode(lineage, node)) {
    return { kind: "refuse", why: `${kept} answers as another cluster` };
  }
  // Its own role disproves it: whatever the quorum still says, it takes no writes.
  if (node?.role.kind === "replica") return findLeader({ ...situation, kept: undefined });
  switch (evidence.kind) {
    case "foreign":
      return { kind: "refuse", why: evidence.why };
    case "conflict":
      return { kind: "wait", why: evidence.why };
    case "leader":
      return evidence.node === kept ? stay(situation, kept, node) : change(situation, evidence);
    case "none":
      return without(situation, evidence.why, node);
    case "unknown":
      return unproved(situation, evidence.why, node);
  }
}

/** The quorum names the leader that is being served. */
function stay({ view }: Situation, kept: string, node: NodeView | undefined): Finding {
  if (view.leaving) return { kind: "wait", keep: kept, why: view.leaving.why };
  const doubt = doubtOf(kept, node);
  if (doubt !== undefined) return { kind: "wait", keep: kept, why: doubt };
  return { kind: "lead", node: kept, why: "the quorum names it" };
}

/** The quorum names another node than the one served, or none was served: that one's time is over. */
function change(
  { view, lineage }: Situation,
  { node, source }: Extract<Evidence, { kind: "leader" }>,
): Finding {
  const candidate = Object.hasOwn(view.nodes, node) ? view.nodes[node] : undefined;
  if (!candidate) {
    return { kind: "refuse", why: `${source} names ${node}, which the document doesn't know` };
  }
  if (isForeignNode(lineage, candidate)) {
    return { kind: "wait", why: `${node} answers as another cluster` };
  }
  // A role from before the epoch may be that of an earlier term of the same node.
  const since = lineage.highest?.at ?? 0;
  if (candidate.role.kind === "leader" && candidate.role.at >= since) {
    return { kind: "lead", node, why: `named by ${source}, and it says so` };
  }
  return { kind: "wait", why: `${node}, named by ${source}, is not writable yet` };
}

/** The quorum answers that nobody leads. */
function without({ view, kept }: Situation, why: string, node: NodeView | undefined): Finding {
  if (kept === undefined || node === undefined) return { kind: "wait", why };
  const claims = node.role.kind === "leader";
  if (view.paused && claims) {
    return { kind: "lead", node: kept, why: "the cluster is paused, and it says that it leads" };
  }
  if (view.paused && node.port.kind === "open") return { kind: "wait", keep: kept, why };
  if (node.role.kind === "leader" && node.role.failsafe) {
    return { kind: "wait", keep: kept, why: `${why}; ${kept} leads by the fail-safe rule` };
  }
  return { kind: "wait", why };
}

/** The quorum can't be asked. A leader that goes on confirming itself stays; nobody else can be opened. */
function unproved(
  { view, kept, now }: Situation,
  why: string,
  node: NodeView | undefined,
): Finding {
  if (view.leaving) return { kind: "wait", keep: kept, why: view.leaving.why };
  if (kept !== undefined && node?.role.kind === "leader" && doubtOf(kept, node) === undefined) {
    return { kind: "lead", node: kept, why: `it says so; ${why}` };
  }
  // Blindness is this portal's own trouble: clients are to use another portal, but it disproves nobody.
  if (Object.values(view.nodes).every((each) => isOutOfReach(each, now))) {
    return { kind: "refuse", keep: kept, why: `no node can be reached; ${why}` };
  }
  return { kind: "wait", keep: kept, why };
}

/** The reason to doubt that a leader serves now, or nothing. A slow answer of its manager alone is none. */
function doubtOf(name: string, node: NodeView | undefined): string | undefined {
  if (!node) return `${name} is not in the document`;
  const { role, port } = node;
  if (role.kind === "neither") return `${name} ${role.why}`;
  if (role.kind === "leader") {
    return port.kind === "closed" && port.at > role.at ? `${name}: ${port.why}` : undefined;
  }
  if (role.kind === "silent" && (port.kind === "silent" || port.kind === "closed")) {
    return `${name}: ${role.why}, and ${port.why}`;
  }
  return undefined;
}

function isOutOfReach({ role, port }: NodeView, now: number): boolean {
  return role.kind === "silent" && now - role.since >= BLIND_MS && port.kind !== "open";
}

/**
 * Turns a finding into the write endpoint's gate. A hold has a cap, counted from its first moment, and once closed the
 * gate waits for a leader: it never goes back to holding, so that a cluster that flaps can't hold a client for ever.
 */
export function nextGate(gate: Gate, finding: Finding, holdMs: number, now: number): Gate {
  const { why } = finding;
  switch (finding.kind) {
    case "lead": {
      const same = gate.kind === "open" && gate.node === finding.node;
      return same ? { ...gate, why } : { kind: "open", node: finding.node, since: now, why };
    }
    case "refuse": {
      const since = gate.kind === "closed" ? gate.since : now;
      return { kind: "closed", keep: finding.keep, since, why };
    }
    case "wait":
      return waitingGate(gate, finding, holdMs, now);
  }
}

function waitingGate(
  gate: Gate,
  { keep, why }: Extract<Finding, { kind: "wait" }>,
  holdMs: number,
  now: number,
): Gate {
  if (gate.kind === "closed") return { kind: "closed", keep, since: gate.since, why };
  const since = gate.kind === "held" ? gate.since : now;
  if (now - since < holdMs) return { kind: "held", keep, since, why };
  return { kind: "closed", keep, since: now, why: `${why}; held for ${holdMs / 1000} s` };
}

/** The leader whose sessions are live under this gate. */
export function keptBy(gate: Gate): string | undefined {
  return gate.kind === "open" ? gate.node : gate.keep;
}
