import { isForeignNode } from "./lineage.ts";
import type { Lineage, Reader } from "./memory.ts";
import type { NodeView, View } from "./view.ts";

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
  { word, port }: NodeView,
  { wasReady, led }: { readonly wasReady: boolean; readonly led: boolean },
  { maxLag }: ReaderRules,
): boolean {
  if (word.kind === "replica") {
    // While nobody leads, nobody streams, and nobody falls behind.
    return (word.streaming || (wasReady && !led)) && isNear(word.lag, maxLag, wasReady);
  }
  // Its manager alone is silent: the database still serves those who are there.
  return word.kind === "silent" && port.kind === "open" && wasReady;
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
  const onlyBehind = node?.word.kind === "replica";
  return !onlyBehind && now - since >= drainMs ? { kind: "cut" } : { kind: "drain", since };
}
