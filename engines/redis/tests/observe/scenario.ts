import type { RedisAnswer } from "../../../../proxy-image/src/engines/redis/replies.ts";
import { sentinelOf, viewOf } from "../../../../proxy-image/src/engines/redis/view.ts";
import type { NodeView, View } from "../../../../proxy-image/src/model/view.ts";
import type { Polled } from "../../../../proxy-image/src/observe/source-state.ts";
import { afterAnswer, afterMiss } from "../../../../proxy-image/src/observe/source-state.ts";

/** A history of a cluster of the nodes a, b and c, as data: what each source said, and the view that follows. */
export interface Scenario {
  readonly title: string;
  readonly steps: readonly Step[];
}

interface Step {
  readonly at: number;
  /** By node: whom its Sentinel names, as "a@3", with a "!" when it replaces the leader. "closed", "silent": no answer. */
  readonly sentinels?: Readonly<Record<string, string>>;
  /** By node: "leader 500", "leader alone 500", "replica of a 400", "cut off from a 400", "closed", "silent". */
  readonly servers?: Readonly<Record<string, string>>;
  /** Ids of clusters by node, where it isn't "c1". */
  readonly clusters?: Readonly<Record<string, string>>;
  readonly expect?: Readonly<Record<string, unknown>>;
}

const NODES = {
  a: { address: "10.0.0.1", port: 6379 },
  b: { address: "10.0.0.2", port: 6379 },
  c: { address: "10.0.0.3", port: 6379 },
};
const ADDRESSES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(NODES).map(([name, { address }]) => [name, address])),
  stranger: "192.0.2.1",
};

/** What the view must be after a step, next to what it is; only what the step tells is compared. */
export function play({
  steps,
}: Scenario): readonly { readonly is: unknown; readonly must: unknown }[] {
  let polled: Polled<RedisAnswer> = { awakeSince: 0, sources: {} };
  return steps.flatMap((step) => {
    polled = follow(polled, step);
    if (!step.expect) return [];
    const summary = summaryOf(viewOf(NODES, polled, step.at));
    const is = Object.fromEntries(Object.keys(step.expect).map((key) => [key, summary[key]]));
    return [{ is: { at: step.at, ...is }, must: { at: step.at, ...step.expect } }];
  });
}

function follow(
  polled: Polled<RedisAnswer>,
  { at, sentinels, servers, clusters }: Step,
): Polled<RedisAnswer> {
  const sources = { ...polled.sources };
  const poll = (source: string, content: string, read: () => RedisAnswer): void => {
    const before = sources[source] ?? {};
    sources[source] =
      content === "closed" || content === "silent"
        ? afterMiss(before, { kind: content, why: `is ${content}` }, at)
        : afterAnswer(before, { askedAt: at, content: read() });
  };
  for (const [node, content] of Object.entries(sentinels ?? {})) {
    poll(sentinelOf(node), content, () => sentinelAnswer(content));
  }
  for (const [node, content] of Object.entries(servers ?? {})) {
    poll(node, content, () => serverAnswer(content, clusters?.[node] ?? "c1"));
  }
  return { ...polled, sources };
}

function sentinelAnswer(text: string): RedisAnswer {
  const [, node = "", epoch, mark] = /^(\w+)@(\d+)(!?)$/.exec(text) ?? [];
  return {
    ...{ kind: "sentinel", leader: ADDRESSES[node] ?? "", port: 6379, epoch: Number(epoch) },
    replaces: mark === "!",
  };
}

function serverAnswer(text: string, cluster: string): RedisAnswer {
  const known = { kind: "server", cluster, offset: Number(/\d+$/.exec(text)?.[0]) } as const;
  if (text.startsWith("leader")) {
    return { ...known, role: "leader", replicas: text.includes("alone") ? 0 : 2 };
  }
  const [, from = ""] = /(?:of|from) (\w+)/.exec(text) ?? [];
  const linked = text.startsWith("replica");
  return { ...known, role: "replica", from: ADDRESSES[from] ?? "127.0.0.1", linked };
}

function summaryOf({ quorum, nodes, leaving }: View): Readonly<Record<string, unknown>> {
  return {
    quorum: quorum.kind === "leader" ? `${quorum.node}@${quorum.epoch.join(".")}` : quorum.kind,
    why: "why" in quorum ? quorum.why : undefined,
    since: "at" in quorum ? quorum.at : undefined,
    incarnation: "incarnation" in quorum ? quorum.incarnation : undefined,
    leaving: leaving?.why ?? false,
    ...Object.fromEntries(Object.entries(nodes).map(([name, node]) => [name, roleOf(node)])),
    ports: Object.values(nodes)
      .map(({ port }) => port.kind)
      .join(" "),
  };
}

function roleOf({ role }: NodeView): string {
  switch (role.kind) {
    case "replica":
      return `replica${role.streaming ? "" : " cut off"}${role.lag === undefined ? "" : ` ${role.lag} behind`}`;
    case "neither":
      return role.why;
    case "silent":
      return `silent: ${role.why}`;
    default:
      return role.kind;
  }
}
