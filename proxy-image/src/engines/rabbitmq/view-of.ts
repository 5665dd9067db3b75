import type { NodeView, View, Word } from "../../judge/view.ts";
import { portUnknown } from "../../judge/view.ts";
import { hear } from "../../observe/heard.ts";
import type { Polled } from "../../observe/polled.ts";
import type { Greeting } from "./greeting.ts";

/** Every node that greets as one of the cluster serves everybody. Pure. */
export function viewOf(
  cluster: string,
  { awakeSince, heard }: Polled<Greeting>,
  now: number,
): View {
  const nodes = Object.entries(heard).map(([name, node]): [string, NodeView] => {
    const heeded = hear(node, awakeSince, now);
    const word = heeded.kind === "silent" ? heeded : wordOf(cluster, heeded.said, heeded.at);
    return [name, { word, port: portUnknown }];
  });
  return {
    quorum: { kind: "leaderless", at: now },
    nodes: Object.fromEntries(nodes),
    paused: false,
  };
}

function wordOf(cluster: string, said: Greeting, at: number): Word {
  if (said.kind === "other") return { kind: "neither", at, why: said.why };
  if (said.cluster === cluster) return { kind: "serving", at };
  const why = `answers as the cluster "${said.cluster ?? ""}", not "${cluster}"`;
  return { kind: "neither", at, why };
}
