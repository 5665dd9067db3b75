import type { NodeView, Quorum, View, Word } from "../../model/view.ts";
import type { Heard, Polled } from "../../observe/heard.ts";
import { hear } from "../../observe/heard.ts";
import type { Hello, HelloReply } from "./hello.ts";

export interface Members {
  readonly set: string;
  /** `host:port` of every node, as the set's config names it. */
  readonly hosts: Readonly<Record<string, string>>;
}

/** What the members of a replica set say, in the terms of any engine. Pure. */
export function viewOf({ set, hosts }: Members, polled: Polled<HelloReply>, now: number): View {
  const names = Object.keys(hosts);
  const nodes = names.map((name): [string, NodeView] => {
    const word = wordOf(set, hosts[name] ?? "", polled, name, now);
    return [name, { word, port: portOf(word) }];
  });
  const views = Object.fromEntries(nodes);
  return { quorum: quorumOf({ set, hosts }, polled, views, now), nodes: views, paused: false };
}

function wordOf(
  set: string,
  host: string,
  { heard, awakeSince }: Polled<HelloReply>,
  name: string,
  now: number,
): Word {
  const said = hear(heard[name] ?? {}, awakeSince, now);
  if (said.kind === "silent") return said;
  const { at } = said;
  const neither = (why: string): Word => ({ kind: "neither", at, why });
  if (said.said.kind === "unreadable") return neither(said.said.why);
  const { hello } = said.said;
  if (hello.setName === undefined) return neither("is in no replica set");
  if (hello.setName !== set) return neither(`answers as a member of ${hello.setName}`);
  if (hello.me !== undefined && hello.me !== host) return neither(`answers as ${hello.me}`);
  if (hello.isPrimary) {
    return hello.election
      ? { kind: "leader", at, failsafe: false }
      : neither("leads by no election");
  }
  if (hello.isSecondary) return { kind: "replica", at, streaming: true, lag: "unmeasured" };
  return neither("is neither primary nor secondary");
}

/** The server itself is asked: a member that is silent is a port that is silent. */
function portOf(word: Word): NodeView["port"] {
  if (word.kind === "silent") return { kind: "silent", at: word.since, why: word.why };
  return { kind: "open", at: word.at, why: "it says hello" };
}

/**
 * Whom a majority of the set takes for its primary. A primary that was cut off from the others goes on naming itself for ten
 * seconds, alone. Its election orders it; where it is silent, the one that it told last does.
 */
function quorumOf(
  { set, hosts }: Members,
  { heard }: Polled<HelloReply>,
  views: Readonly<Record<string, NodeView>>,
  now: number,
): Quorum {
  const names = Object.keys(hosts);
  const majority = Math.floor(names.length / 2) + 1;
  const fresh = names.flatMap((name) => {
    const word = views[name]?.word;
    const hello = helloOf(heard[name]);
    const counts = word && word.kind !== "silent" && hello?.setName === set;
    return counts ? [{ name, at: word.at, names: hello.primary }] : [];
  });
  if (fresh.length < majority) {
    return { kind: "unknown", why: `${fresh.length} of ${names.length} members answer` };
  }
  const at = Math.min(...fresh.map((member) => member.at));
  const source = fresh.map(({ name }) => name).join(", ");
  for (const name of names) {
    const voters = fresh.filter((member) => member.names === hosts[name]);
    if (voters.length < majority) continue;
    const epoch = helloOf(heard[name])?.election;
    if (epoch) return { kind: "leader", node: name, epoch, at, source };
    return { kind: "none", at, source, why: `${name} is named, and tells no election` };
  }
  const why = `no majority of ${set} names the same primary`;
  return { kind: "none", at: Math.min(at, now), source, why };
}

function helloOf(heard: Heard<HelloReply> | undefined): Hello | undefined {
  const said = heard?.answer?.said;
  return said?.kind === "hello" ? said.hello : undefined;
}
