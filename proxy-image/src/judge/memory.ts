// What the judge knows from before: its shape, how a new agent reads it back from HAProxy, and how the quorum's answers are ordered into it.

import type { PortalDocument } from "../contract.ts";
import type { Actual } from "../model/haproxy.ts";
import type { Epoch, NodeView, Quorum } from "../model/view.ts";
import { compareEpochs } from "../model/view.ts";

/** What the judge knows from before. `lineage` survives a restart of the portal; the rest is read back from HAProxy. */
export interface Memory {
  readonly lineage: Lineage;
  readonly gate: Gate;
  readonly readers: Readonly<Record<string, Reader>>;
  /** The nodes as endpoints over any of them, or one, see them: whatever their role. */
  readonly members: Readonly<Record<string, Reader>>;
  readonly anyGate: AnyGate;
}

/** What an endpoint over any node does with a new connection. */
export interface AnyGate {
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
    /** When the quorum first reported this epoch, in the monotonic clock's milliseconds. */
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
    anyGate: { kind: "closed", since: now, why: UNSEEN },
  };
}

/**
 * What a new agent remembers: the history from disk, and what HAProxy does now, as another agent set it. So a
 * restart of the agent changes no route. Whom HAProxy serves is no evidence: the first verdict confirms or ends it.
 */
export function adopt(
  document: PortalDocument,
  lineage: Lineage | undefined,
  actual: Actual,
  now: number,
): Memory {
  const blank = blankMemory(document.generation, now);
  const known = lineage?.generation === 0 ? { ...lineage, ...blank.lineage } : lineage;
  if (known !== undefined && known.generation !== document.generation) return blank;
  const served = (route: Route): readonly Endpoint[] =>
    Object.entries(document.endpoints).flatMap(([name, endpoint]) => {
      const is = actual.endpoints[name];
      return endpoint.route === route && is ? [is] : [];
    });
  const [writes] = served("primary");
  const [reads] = served("replica");
  const [any] = served("any");
  const members = [...(any ? [any] : []), ...served("node")].map((is) => readersOf(is, now));
  return {
    lineage: known ?? blank.lineage,
    gate: (writes && gateOf(writes, now)) ?? blank.gate,
    readers: reads ? readersOf(reads, now) : {},
    members: Object.assign({}, ...members),
    anyGate: any ? anyGateOf(any, now) : blank.anyGate,
  };
}

type Endpoint = Actual["endpoints"][string];
type Route = PortalDocument["endpoints"][string]["route"];

function gateOf({ frontend, slots }: Endpoint, since: number): Gate | undefined {
  const why = "HAProxy serves it";
  // In the midst of a switch there are two: the old leader's slot drains, and the new one's is ready.
  const names = Object.keys(slots);
  const node =
    names.find((name) => slots[name]?.admin === "ready") ??
    names.find((name) => slots[name]?.admin !== "maint");
  if (frontend !== "accepting") {
    return { kind: "held", keep: node, since, why: "HAProxy holds" };
  }
  if (node === undefined) return undefined;
  const ready = slots[node]?.admin === "ready";
  return ready ? { kind: "open", node, since, why } : { kind: "closed", keep: node, since, why };
}

function anyGateOf({ frontend, slots }: Endpoint, since: number): AnyGate {
  if (frontend !== "accepting") return { kind: "held", since, why: "HAProxy holds" };
  const serves = Object.values(slots).some(({ admin }) => admin === "ready");
  return { kind: serves ? "open" : "closed", since, why: "HAProxy serves it" };
}

function readersOf({ slots }: Endpoint, since: number): Readonly<Record<string, Reader>> {
  return Object.fromEntries(
    Object.entries(slots).map(([name, { admin }]): [string, Reader] => {
      if (admin === "maint") return [name, { kind: "cut" }];
      return [name, admin === "ready" ? { kind: "ready" } : { kind: "drain", since }];
    }),
  );
}

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
