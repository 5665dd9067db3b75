import type { NodeView, View } from "../judge/view.ts";

/** What of a view can change a verdict, as text to compare: not the times, not how far behind a replica is. */
export function essenceOf({ quorum, nodes, leaving, paused }: View): string {
  return JSON.stringify([
    quorum.kind,
    quorum.kind === "leader" && [quorum.node, quorum.epoch],
    "incarnation" in quorum && quorum.incarnation,
    leaving !== undefined,
    paused,
    Object.entries(nodes).map(([name, { word, port, incarnation }]) => [
      name,
      word.kind,
      word.kind === "leader" && word.failsafe,
      word.kind === "replica" && word.streaming,
      // A sign of death counts once, and anew when it comes again.
      port.kind === "closed" ? port.at : port.kind,
      incarnation,
    ]),
  ]);
}

/** What is new, as sentences for people. */
export function newsOf(before: View, after: View): readonly string[] {
  const was = quorumSentence(before);
  const is = quorumSentence(after);
  const news = was === is ? [] : [is];
  if (before.paused !== after.paused) {
    news.push(after.paused ? "the cluster is paused" : "the cluster is no longer paused");
  }
  if (after.leaving && !before.leaving) news.push(after.leaving.why);
  for (const [name, node] of Object.entries(after.nodes)) {
    const sentence = wordSentence(node);
    const previous = before.nodes[name];
    if (!previous || wordSentence(previous) !== sentence) news.push(`${name} ${sentence}`);
    if (node.port.kind === "closed" && previous?.port.kind !== "closed") {
      news.push(`${name}: ${node.port.why}`);
    }
  }
  return news;
}

function quorumSentence({ quorum }: View): string {
  switch (quorum.kind) {
    case "leader":
      return `the quorum names ${quorum.node} in epoch ${quorum.epoch.join(".")}`;
    case "none":
      return `the quorum names no leader: ${quorum.why}`;
    case "leaderless":
      return "the engine has no leader";
    case "conflict":
      return `the quorum contradicts itself: ${quorum.why}`;
    case "unknown":
      return "the quorum is not known";
  }
}

function wordSentence({ word }: NodeView): string {
  switch (word.kind) {
    case "leader":
      return word.failsafe ? "leads by the fail-safe rule" : "leads";
    case "replica":
      return word.streaming ? "is a replica" : "is a replica that receives nothing";
    case "serving":
      return "serves";
    case "neither":
      return word.why;
    case "silent":
      return "is silent";
  }
}
