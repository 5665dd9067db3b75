import type { NodeView, View, Word } from "../../judge/view.ts";
import { portUnknown } from "../../judge/view.ts";
import type { Heeded } from "../../observe/heard.ts";
import { hear } from "../../observe/heard.ts";
import type { Polled } from "../../observe/polled.ts";
import type { Health } from "./health.ts";

/**
 * Every node that answers for the cluster serves everybody, but for one that alone sees the cluster red: it knows no master, or
 * is behind. Where all of them see it red, shards are missing or no master is there, and no node is better than another: what
 * can still be searched is. Pure.
 */
export function viewOf(cluster: string, { awakeSince, heard }: Polled<Health>, now: number): View {
  const heeded = Object.entries(heard).map(
    ([name, node]) => [name, hear(node, awakeSince, now)] as const,
  );
  const seesMore = heeded.find(([, node]) => isOf(cluster, node) && node.said.status !== "red");
  const nodes = heeded.map(([name, node]): [string, NodeView] => {
    const word = node.kind === "silent" ? node : wordOf(cluster, node.said, node.at, seesMore?.[0]);
    return [name, { word, port: portUnknown }];
  });
  return {
    quorum: { kind: "leaderless", at: now },
    nodes: Object.fromEntries(nodes),
    paused: false,
  };
}

type Answered = Heeded<Health> & {
  readonly kind: "answer";
  readonly said: Health & { readonly kind: "health" };
};

function isOf(cluster: string, node: Heeded<Health>): node is Answered {
  return node.kind === "answer" && node.said.kind === "health" && node.said.cluster === cluster;
}

function wordOf(cluster: string, said: Health, at: number, seesMore: string | undefined): Word {
  const neither = (why: string): Word => ({ kind: "neither", at, why });
  if (said.kind === "other") return neither(said.why);
  if (said.cluster !== cluster)
    return neither(`answers as the cluster "${said.cluster}", not "${cluster}"`);
  if (said.status === "red" && seesMore !== undefined)
    return neither(`sees the cluster red, unlike ${seesMore}: it knows no master, or is behind`);
  return { kind: "serving", at };
}
