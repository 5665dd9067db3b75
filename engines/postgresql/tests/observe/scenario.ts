import assert from "node:assert/strict";

import { decodeRange } from "../../../../proxy-image/src/engines/postgresql/etcd-replies.ts";
import {
  decodeStatus,
  readClusterKeys,
} from "../../../../proxy-image/src/engines/postgresql/patroni-replies.ts";
import type {
  NodeObservation,
  Observations,
} from "../../../../proxy-image/src/engines/postgresql/view.ts";
import { afterQuorumAnswer, viewOf } from "../../../../proxy-image/src/engines/postgresql/view.ts";
import type { NodeView, View } from "../../../../proxy-image/src/model/view.ts";
import { afterAnswer, afterMiss } from "../../../../proxy-image/src/observe/source-state.ts";

/** A history of a cluster of the nodes a, b and c, as data: what each source said, and the view that follows. */
export interface Scenario {
  readonly title: string;
  readonly steps: readonly Step[];
}

interface Step {
  readonly at: number;
  /** etcd's keys by name; `leader` as "a@13". A text: why there was no answer. */
  readonly etcd?: string | { readonly revision?: number; readonly [key: string]: unknown };
  /** What each node's Patroni said: of its JSON, what differs from a healthy replica's. A text: why it said nothing. */
  readonly patroni?: Readonly<Record<string, string | Readonly<Record<string, unknown>>>>;
  /** What a probe of a node's PostgreSQL found. */
  readonly probe?: Readonly<Record<string, "open" | "closed" | "silent">>;
  /** Nodes that closed the connection that was held open. */
  readonly closed?: readonly string[];
  /** The portal itself slept until now. */
  readonly awake?: true;
  readonly expect?: Readonly<Record<string, unknown>>;
}

const NODES = ["a", "b", "c"];

/** What the view must be after a step, next to what it is; only what the step tells is compared. */
export function play({
  steps,
}: Scenario): readonly { readonly is: unknown; readonly must: unknown }[] {
  let known: Observations = {
    scope: "orders",
    awakeSince: 0,
    quorum: {},
    nodes: Object.fromEntries(NODES.map((name) => [name, {}])),
  };
  return steps.flatMap((step) => {
    known = follow(known, step);
    if (!step.expect) return [];
    const summary = summaryOf(viewOf(known, step.at));
    const is = Object.fromEntries(Object.keys(step.expect).map((key) => [key, summary[key]]));
    return [{ is: { at: step.at, ...is }, must: { at: step.at, ...step.expect } }];
  });
}

function follow(known: Observations, step: Step): Observations {
  const { at, etcd } = step;
  const before = known.quorum;
  const quorum =
    etcd === undefined
      ? before
      : typeof etcd === "string"
        ? { ...before, failure: etcd }
        : afterQuorumAnswer(before, { askedAt: at, at, source: "etcd a", ...readEtcd(etcd) });
  const nodes = Object.fromEntries(
    Object.entries(known.nodes).map(([name, node]) => [name, followNode(name, node, step)]),
  );
  return { ...known, quorum, nodes, ...(step.awake && { awakeSince: at }) };
}

function followNode(name: string, before: NodeObservation, step: Step): NodeObservation {
  const { at, patroni, probe, closed } = step;
  const content = patroni?.[name];
  const kind = probe?.[name];
  let node = before;
  if (typeof content === "string") node = afterMiss(node, { kind: "silent", why: content }, at);
  else if (content) node = afterAnswer(node, { askedAt: at, content: readPatroni(name, content) });
  if (kind) node = { ...node, probe: { kind, at, why: `PostgreSQL is ${kind}` } };
  if (closed?.includes(name)) node = { ...node, closed: { at, why: "PostgreSQL closed" } };
  return node;
}

function readEtcd({ revision = 1000, ...values }: Readonly<Record<string, unknown>>) {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const kvs = Object.entries(values).map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const [leader = "", epoch] = name === "leader" ? text.split("@") : [text, "20"];
    return {
      key: base64(`/service/orders/${name}`),
      value: base64(leader),
      create_revision: "1",
      mod_revision: epoch,
    };
  });
  const header = { cluster_id: "7", revision: `${revision}` };
  const range = decodeRange(200, JSON.stringify({ header, kvs, count: `${kvs.length}` }));
  assert.ok(range.kind === "keys", JSON.stringify(range));
  return { ...range, keys: readClusterKeys("orders", range.keys) };
}

function readPatroni(name: string, content: Readonly<Record<string, unknown>>) {
  const replica = { replication_state: "streaming", xlog: { replayed_location: 1000 } };
  const primary = { xlog: { location: 1500 } };
  const status = decodeStatus(
    Buffer.from(
      JSON.stringify({
        state: "running",
        role: "replica",
        database_system_identifier: "77",
        patroni: { scope: "orders", name },
        ...(content.role === "primary" ? primary : replica),
        ...content,
      }),
    ),
  );
  assert.ok(status);
  return status;
}

function summaryOf({ quorum, nodes, leaving, paused }: View): Readonly<Record<string, unknown>> {
  return {
    quorum: quorum.kind === "leader" ? `${quorum.node}@${quorum.epoch.join(".")}` : quorum.kind,
    incarnation: "incarnation" in quorum ? quorum.incarnation : undefined,
    why: "why" in quorum ? quorum.why : undefined,
    leaving: leaving?.why ?? false,
    paused,
    ...Object.fromEntries(Object.entries(nodes).map(([name, node]) => [name, roleOf(node)])),
    ports: Object.values(nodes)
      .map(({ port }) => port.kind)
      .join(" "),
  };
}

function roleOf({ role }: NodeView): string {
  switch (role.kind) {
    case "leader":
      return role.failsafe ? "leader by fail-safe" : "leader";
    case "replica":
      return `replica${role.streaming ? "" : " cut off"}${role.lag === undefined ? "" : ` ${role.lag} behind`}`;
    case "serving":
      return "serving";
    case "neither":
      return role.why;
    case "silent":
      return `silent: ${role.why}`;
  }
}
