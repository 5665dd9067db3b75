// Which nodes serve: on endpoints over any of them, and on the read endpoint.

import type { NodeView, View } from "../model/view.ts";
import type { AnyGate, Lineage, Reader } from "./memory.ts";
import { isForeignNode } from "./memory.ts";

/**
 * How long, in milliseconds, a silent node's sessions are kept. One that is slow on a busy machine answers again within it; a
 * dead one's sessions were ended by its kernel.
 */
const PATIENCE = 3000;

/**
 * Which nodes serve whoever is sent to them, whatever their role. One that falls silent gets nobody new at once, and is cut when
 * it stays so while another one answers: its clients would only hang. One that answers, but doesn't serve, drains. A portal
 * that reaches no node keeps its sessions: its blindness disproves nobody. With a history that was lost nobody new comes in.
 */
export function judgeMembers(
  before: Readonly<Record<string, Reader>>,
  view: View,
  lineage: Lineage,
  drainMs: number,
  now: number,
): Readonly<Record<string, Reader>> {
  return Object.fromEntries(
    Object.entries(view.nodes).map(([name, node]): [string, Reader] => {
      const was = before[name] ?? { kind: "cut" };
      if (isForeignNode(lineage, node)) return [name, { kind: "cut" }];
      if (serves(node) && mayServe(lineage, was)) return [name, { kind: "ready" }];
      if (was.kind === "cut" || isDisproved(node, view, now)) return [name, { kind: "cut" }];
      const since = was.kind === "drain" ? was.since : now;
      const over = !isBlind(view) && now - since >= drainMs;
      return [name, over ? { kind: "cut" } : { kind: "drain", since }];
    }),
  );
}

/** What the endpoint over all members does with a new connection. */
export function nextAnyGate(
  before: AnyGate,
  members: Readonly<Record<string, Reader>>,
  view: View,
  lineage: Lineage,
  holdMs: number,
  now: number,
): AnyGate {
  const names = Object.keys(members);
  const ready = names.filter((name) => members[name]?.kind === "ready");
  const next = (kind: AnyGate["kind"], why: string): AnyGate => {
    const since = before.kind === kind ? before.since : now;
    const reasons = names.map((name) => reasonAgainst(name, view, lineage));
    return {
      kind,
      since,
      why: [why, ...reasons.filter((reason) => reason !== undefined)].join("; "),
    };
  };
  if (ready.length > 0) return next("open", `${ready.length} of ${names.length} nodes serve`);
  if (isBlind(view)) return next("closed", "no node can be reached");
  if (before.kind === "closed") return next("closed", "no node serves");
  if (before.kind === "held" && now - before.since >= holdMs)
    return next("closed", `no node serves, held for ${holdMs / 1000} s`);
  return holdMs === 0 ? next("closed", "no node serves") : next("held", "no node serves yet");
}

/** Why a node doesn't serve. Undefined where it does. */
export function reasonAgainst(name: string, { nodes }: View, lineage: Lineage): string | undefined {
  const node = nodes[name];
  if (node === undefined) return `${name} is not in the document`;
  if (isForeignNode(lineage, node)) return `${name} answers as another cluster`;
  return "why" in node.role ? `${name} ${node.role.why}` : undefined;
}

function mayServe({ lost }: Lineage, was: Reader): boolean {
  return lost === undefined || was.kind === "ready";
}

function serves({ role }: NodeView): boolean {
  return role.kind === "serving" || role.kind === "leader" || role.kind === "replica";
}

/** Silent for long, while another node was asked later and answered: so the fault is not this portal's. */
function isDisproved({ role }: NodeView, { nodes }: View, now: number): boolean {
  if (role.kind !== "silent" || now - role.since < PATIENCE) return false;
  return Object.values(nodes).some(
    (other) => other.role.kind !== "silent" && other.role.at >= role.since,
  );
}

function isBlind({ nodes }: View): boolean {
  return Object.values(nodes).every(({ role }) => role.kind === "silent");
}

export interface ReaderRules {
  /** Bytes that a replica may be behind and still get new readers. */
  readonly maxLag: number;
  /** Milliseconds that read sessions may go on on a node that left the endpoint for good. */
  readonly drainMs: number;
}

/**
 * Who serves reads. Replicas that stream and are near the leader; the leader only where no replica does. A replica that
 * lags loses no running query: it only gets no new ones. One whose lag is not known goes on as it was: it gets new readers if it
 * had some, and else none. A node that was promoted, or was the last resort, or died, drains and is cut after `drainMs`. With a history that was lost nobody new comes in.
 */
export function judgeReaders(
  before: Readonly<Record<string, Reader>>,
  view: View,
  lineage: Lineage,
  leader: string | undefined,
  rules: ReaderRules,
  now: number,
): Readonly<Record<string, Reader>> {
  const names = Object.keys(view.nodes);
  const wasReady = (name: string) => before[name]?.kind === "ready";
  const fit = names.filter((name) => {
    const node = view.nodes[name];
    return (
      node !== undefined &&
      !isForeignNode(lineage, node) &&
      (lineage.lost === undefined || wasReady(name)) &&
      isFit(node, { wasReady: wasReady(name), led: leader !== undefined }, rules)
    );
  });
  const serving = new Set(fit.length > 0 || leader === undefined ? fit : [leader]);
  return Object.fromEntries(
    names.map((name) => {
      if (serving.has(name)) return [name, { kind: "ready" }];
      return [name, leave(before[name], view.nodes[name], rules.drainMs, now)];
    }),
  );
}

function isFit(
  { role, port }: NodeView,
  { wasReady, led }: { readonly wasReady: boolean; readonly led: boolean },
  { maxLag }: ReaderRules,
): boolean {
  if (role.kind === "replica") {
    // While nobody leads, nobody streams, and nobody falls behind.
    return (role.streaming || (wasReady && !led)) && isNear(role.lag, maxLag, wasReady);
  }
  // Its manager alone is silent: the database still serves those who are there.
  return role.kind === "silent" && port.kind === "open" && wasReady;
}

function isNear(
  lag: number | "unmeasured" | undefined,
  maxLag: number,
  wasReady: boolean,
): boolean {
  if (lag === undefined) return wasReady;
  return lag === "unmeasured" || lag <= maxLag;
}

function leave(
  before: Reader | undefined,
  node: NodeView | undefined,
  drainMs: number,
  now: number,
): Reader {
  if (before === undefined || before.kind === "cut") return { kind: "cut" };
  const since = before.kind === "drain" ? before.since : now;
  const onlyBehind = node?.role.kind === "replica";
  return !onlyBehind && now - since >= drainMs ? { kind: "cut" } : { kind: "drain", since };
}
