import { isForeignNode } from "./lineage.ts";
import type { Lineage, Pool, Reader } from "./memory.ts";
import type { NodeView, View } from "./view.ts";

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
export function nextPool(
  before: Pool,
  members: Readonly<Record<string, Reader>>,
  view: View,
  lineage: Lineage,
  holdMs: number,
  now: number,
): Pool {
  const names = Object.keys(members);
  const ready = names.filter((name) => members[name]?.kind === "ready");
  const next = (kind: Pool["kind"], why: string): Pool => {
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
  return "why" in node.word ? `${name} ${node.word.why}` : undefined;
}

function mayServe({ lost }: Lineage, was: Reader): boolean {
  return lost === undefined || was.kind === "ready";
}

function serves({ word }: NodeView): boolean {
  return word.kind === "serving" || word.kind === "leader" || word.kind === "replica";
}

/** Silent for long, while another node was asked later and answered: so it is not this portal that hears nothing. */
function isDisproved({ word }: NodeView, { nodes }: View, now: number): boolean {
  if (word.kind !== "silent" || now - word.since < PATIENCE) return false;
  return Object.values(nodes).some(
    (other) => other.word.kind !== "silent" && other.word.at >= word.since,
  );
}

function isBlind({ nodes }: View): boolean {
  return Object.values(nodes).every(({ word }) => word.kind === "silent");
}
