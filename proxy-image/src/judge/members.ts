import { isForeignNode } from "./lineage.ts";
import type { Lineage, Pool, Reader } from "./memory.ts";
import type { NodeView, View } from "./view.ts";

/**
 * Which nodes serve whoever is sent to them, whatever their role. One that falls silent beside others that answer is cut:
 * its clients would only hang. One that answers, but doesn't serve, drains. A portal that reaches no node keeps its sessions:
 * its blindness disproves nobody. With a history that was lost nobody new comes in.
 */
export function judgeMembers(
  before: Readonly<Record<string, Reader>>,
  view: View,
  lineage: Lineage,
  drainMs: number,
  now: number,
): Readonly<Record<string, Reader>> {
  const blind = isBlind(view);
  return Object.fromEntries(
    Object.entries(view.nodes).map(([name, node]): [string, Reader] => {
      const was = before[name] ?? { kind: "cut" };
      if (isForeignNode(lineage, node)) return [name, { kind: "cut" }];
      if (serves(node) && mayServe(lineage, was)) return [name, { kind: "ready" }];
      if (was.kind === "cut" || (isGone(node) && !blind)) return [name, { kind: "cut" }];
      const since = was.kind === "drain" ? was.since : now;
      return [name, !blind && now - since >= drainMs ? { kind: "cut" } : { kind: "drain", since }];
    }),
  );
}

/** What the endpoint over all members does with a new connection. */
export function nextPool(
  before: Pool,
  members: Readonly<Record<string, Reader>>,
  view: View,
  holdMs: number,
  now: number,
): Pool {
  const names = Object.keys(members);
  const ready = names.filter((name) => members[name]?.kind === "ready").length;
  if (ready > 0) {
    const since = before.kind === "open" ? before.since : now;
    return { kind: "open", since, why: `${ready} of ${names.length} nodes serve` };
  }
  const closed = (why: string): Pool => {
    const since = before.kind === "closed" ? before.since : now;
    return { kind: "closed", since, why };
  };
  if (isBlind(view)) return closed("no node can be reached");
  const since = before.kind === "held" ? before.since : now;
  if (before.kind === "closed" || now - since >= holdMs) return closed("no node serves");
  return { kind: "held", since, why: "no node serves yet" };
}

function mayServe({ lost }: Lineage, was: Reader): boolean {
  return lost === undefined || was.kind === "ready";
}

function serves({ word }: NodeView): boolean {
  return word.kind === "serving" || word.kind === "leader" || word.kind === "replica";
}

function isGone({ word }: NodeView): boolean {
  return word.kind === "silent";
}

function isBlind({ nodes }: View): boolean {
  return Object.values(nodes).every(isGone);
}
