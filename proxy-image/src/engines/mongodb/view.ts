import type { NodeView, Quorum, Role, View } from "../../model/view.ts";
import type { Polled, SourceState } from "../../observe/source-state.ts";
import { answerAt } from "../../observe/source-state.ts";
import type { Hello, HelloReply } from "./hello.ts";

export interface Members {
  readonly set: string;
  /** `host:port` of every node, as the set's config names it. */
  readonly hosts: Readonly<Record<string, string>>;
}

/** What the members of a replica set answer, in the terms of any engine. Pure. */
export function viewOf({ set, hosts }: Members, polled: Polled<HelloReply>, now: number): View {
  const names = Object.keys(hosts);
  const nodes = names.map((name): [string, NodeView] => {
    const role = roleOf(set, hosts[name] ?? "", polled, name, now);
    return [name, { role, port: portOf(role) }];
  });
  const views = Object.fromEntries(nodes);
  return { quorum: quorumOf({ set, hosts }, polled, views, now), nodes: views, paused: false };
}

function roleOf(
  set: string,
  host: string,
  { sources, awakeSince }: Polled<HelloReply>,
  name: string,
  now: number,
): Role {
  const current = answerAt(sources[name] ?? {}, awakeSince, now);
  if (current.kind === "silent") return current;
  const { at } = current;
  const neither = (why: string): Role => ({ kind: "neither", at, why });
  if (current.content.kind === "unreadable") return neither(current.content.why);
  const { hello } = current.content;
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
function portOf(role: Role): NodeView["port"] {
  if (role.kind === "silent") return { kind: "silent", at: role.since, why: role.why };
  return { kind: "open", at: role.at, why: "it says hello" };
}

/**
 * Whom a majority of the set takes for its primary. A primary that was cut off from the others goes on naming itself for ten
 * seconds, alone. Its election orders it; where it is silent, the one that it reported last does.
 */
function quorumOf(
  { set, hosts }: Members,
  { sources }: Polled<HelloReply>,
  views: Readonly<Record<string, NodeView>>,
  now: number,
): Quorum {
  const names = Object.keys(hosts);
  const majority = Math.floor(names.length / 2) + 1;
  const fresh = names.flatMap((name) => {
    const role = views[name]?.role;
    const hello = helloOf(sources[name]);
    const counts = role && role.kind !== "silent" && hello?.setName === set;
    return counts ? [{ name, at: role.at, names: hello.primary }] : [];
  });
  if (fresh.length < majority) {
    return { kind: "unknown", why: `${fresh.length} of ${names.length} members answer` };
  }
  const at = Math.min(...fresh.map((member) => member.at));
  const source = fresh.map(({ name }) => name).join(", ");
  for (const name of names) {
    const voters = fresh.filter((member) => member.names === hosts[name]);
    if (voters.length < majority) continue;
    const epoch = helloOf(sources[name])?.election;
    if (epoch) return { kind: "leader", node: name, epoch, at, source };
    return { kind: "none", at, source, why: `${name} is named, and tells no election` };
  }
  const why = `no majority of ${set} names the same primary`;
  return { kind: "none", at: Math.min(at, now), source, why };
}

function helloOf(state: SourceState<HelloReply> | undefined): Hello | undefined {
  const content = state?.answer?.content;
  return content?.kind === "hello" ? content.hello : undefined;
}
