import type { NodeView, View, Word } from "../../judge/view.ts";
import { portUnknown } from "../../judge/view.ts";
import { hear } from "../../observe/heard.ts";
import type { Polled } from "../../observe/polled.ts";
import type { Said } from "./queries.ts";

/**
 * Every server that bears its node's name and is with the majority of the nodes serves everybody. One that is cut off from the
 * others still greets drivers, and can neither read nor write a table for them. Pure.
 */
export function viewOf({ awakeSince, heard }: Polled<Said>, now: number): View {
  const names = Object.keys(heard);
  const nodes = Object.entries(heard).map(([name, node]): [string, NodeView] => {
    const heeded = hear(node, awakeSince, now);
    const word = heeded.kind === "silent" ? heeded : wordOf(name, names, heeded.said, heeded.at);
    return [name, { word, port: portUnknown }];
  });
  return {
    quorum: { kind: "leaderless", at: now },
    nodes: Object.fromEntries(nodes),
    paused: false,
  };
}

function wordOf(name: string, names: readonly string[], said: Said, at: number): Word {
  const neither = (why: string): Word => ({ kind: "neither", at, why });
  if (said.kind === "other") return neither(said.why);
  if (said.name !== name) return neither(`answers as the server "${said.name}", not "${name}"`);
  const present = names.filter((other) => said.connected.includes(other)).length;
  if (present <= names.length / 2)
    return neither(`sees ${present} of ${names.length} servers: it is not with the majority`);
  return { kind: "serving", at };
}
