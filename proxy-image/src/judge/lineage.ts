import { compareEpochs } from "./epoch.ts";
import type { Lineage } from "./memory.ts";
import type { NodeView, Quorum } from "./view.ts";

/** What the quorum's answer is worth, given the history that this portal has seen. */
export type Evidence =
  | { readonly kind: "leader"; readonly node: string; readonly source: string }
  | { readonly kind: "none"; readonly why: string }
  | { readonly kind: "conflict"; readonly why: string }
  /** Evidence of another cluster than the one served: never routed to, whatever it says. */
  | { readonly kind: "foreign"; readonly why: string }
  | { readonly kind: "unknown"; readonly why: string };

/** Orders an answer into the history: epochs never go back, and one generation has one incarnation. */
export function weigh(
  lineage: Lineage,
  quorum: Quorum,
): { readonly lineage: Lineage; readonly evidence: Evidence } {
  // It may be the answer of a time, or of a cluster, that this portal was past already.
  if (lineage.lost !== undefined) {
    return { lineage, evidence: { kind: "unknown", why: lineage.lost } };
  }
  if (quorum.kind === "leaderless") {
    const evidence: Evidence = { kind: "none", why: "this engine has no leader" };
    return { lineage: joined(lineage, quorum.incarnation), evidence };
  }
  if (quorum.kind === "unknown" || quorum.kind === "conflict") {
    return { lineage, evidence: { kind: quorum.kind, why: quorum.why } };
  }
  const { incarnation } = quorum;
  if (isForeign(lineage, incarnation)) {
    const why = `the cluster answers as ${incarnation}, this generation's is ${lineage.incarnation}`;
    return { lineage, evidence: { kind: "foreign", why } };
  }
  const known = joined(lineage, incarnation);
  if (quorum.kind === "none") {
    return { lineage: known, evidence: { kind: "none", why: quorum.why } };
  }
  const { node, epoch, source } = quorum;
  const order = known.highest ? compareEpochs(epoch, known.highest.epoch) : 1;
  if (order < 0) {
    const why = `${source} names ${node} in epoch ${epoch.join(".")}, but ${known.highest?.epoch.join(".")} was seen`;
    return { lineage: known, evidence: { kind: "unknown", why } };
  }
  if (order === 0 && known.highest?.node !== node) {
    const why = `epoch ${epoch.join(".")} has two leaders: ${known.highest?.node} and ${node}`;
    return { lineage: known, evidence: { kind: "conflict", why } };
  }
  const at = order === 0 ? (known.highest?.at ?? quorum.at) : quorum.at;
  return {
    lineage: { ...known, highest: { epoch, node, at } },
    evidence: { kind: "leader", node, source },
  };
}

/** The first incarnation that is seen is the generation's. */
function joined(lineage: Lineage, incarnation: string | undefined): Lineage {
  if (incarnation === undefined || lineage.incarnation !== undefined) return lineage;
  return { ...lineage, incarnation };
}

/** True when a node belongs to another cluster than the one served. */
export function isForeignNode(lineage: Lineage, node: NodeView | undefined): boolean {
  return isForeign(lineage, node?.incarnation);
}

function isForeign(lineage: Lineage, incarnation: string | undefined): boolean {
  return (
    incarnation !== undefined &&
    lineage.incarnation !== undefined &&
    incarnation !== lineage.incarnation
  );
}
