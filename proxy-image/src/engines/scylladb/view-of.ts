import type { NodeView, View, Word } from "../../judge/view.ts";
import { portUnknown } from "../../judge/view.ts";
import { hear } from "../../observe/heard.ts";
import type { Polled } from "../../observe/polled.ts";
import type { Said } from "./line.ts";

/** What the nodes of a ring say, each for itself: nobody leads, and which of them may be asked is the driver's business. */
export function viewOf({ awakeSince, heard }: Polled<Said>, cluster: string, now: number): View {
  const nodes = Object.fromEntries(
    Object.entries(heard).map(([name, source]): [string, NodeView] => {
      const heeded = hear(source, awakeSince, now);
      const word: Word =
        heeded.kind === "silent"
          ? { kind: "silent", since: heeded.since, why: `CQL ${heeded.why}` }
          : wordOf(heeded.said, cluster, heeded.at);
      return [name, { word, port: portUnknown }];
    }),
  );
  return { quorum: { kind: "leaderless", at: now }, nodes, paused: false };
}

function wordOf(said: Said, cluster: string, at: number): Word {
  if (said.kind === "other") return { kind: "neither", at, why: said.why };
  if (said.cluster === cluster) return { kind: "serving", at };
  return { kind: "neither", at, why: `is of the cluster "${said.cluster}", not of "${cluster}"` };
}
