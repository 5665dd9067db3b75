import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { z } from "zod";

import { readRows } from "../../../../proxy-image/src/engines/mysql/member.ts";
import type { Known } from "../../../../proxy-image/src/engines/mysql/view.ts";
import { viewOf } from "../../../../proxy-image/src/engines/mysql/view.ts";
import type { View } from "../../../../proxy-image/src/model/view.ts";
import type { SourceState } from "../../../../proxy-image/src/observe/source-state.ts";

const NODES = ["n1", "n2", "n3"] as const;

const Answers = z.union([
  z.enum(["closed", "silent", "other"]),
  z.strictObject({
    primary: z.union([z.string(), z.array(z.string())]).default("n1"),
    view: z.number().default(5),
    bootstrap: z.string().default("1796798293"),
    state: z.string().default("ONLINE"),
    readOnly: z.boolean().optional(),
    switching: z.boolean().default(false),
    unreachable: z.array(z.string()).default([]),
    gone: z.array(z.string()).default([]),
    group: z.string().default("ours"),
  }),
]);

const Expected = z.strictObject({
  quorum: z.string(),
  epoch: z.array(z.number()).optional(),
  leaving: z.boolean().default(false),
  port: z.record(z.string(), z.string()).default({}),
  incarnation: z.record(z.string(), z.string()).default({}),
  n1: z.string().optional(),
  n2: z.string().optional(),
  n3: z.string().optional(),
});

const Scenario = z.strictObject({
  name: z.string(),
  term: z.strictObject({ epoch: z.array(z.number()), node: z.string() }).optional(),
  steps: z.array(
    z.strictObject({ at: z.number(), says: z.record(z.string(), Answers), expect: Expected }),
  ),
});

const scenarios = z
  .array(Scenario)
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, "scenarios.json"), "utf8")));

type Source = SourceState<ReturnType<typeof readRows>>;

/** What the driver would give, read as the agent reads it. */
function stateOf(name: string, says: z.output<typeof Answers>, at: number): Source {
  if (says === "silent")
    return { misses: { kind: "silent", count: 2, since: at, why: "gives no answer" } };
  if (says === "closed" || says === "other")
    return { answer: { askedAt: at, content: { kind: says, why: says } } };
  const primaries = [says.primary].flat();
  const rows = NODES.filter((node) => !says.gone.includes(node)).map((node) => ({
    host: `10.0.0.${node.slice(1)}`,
    port: 3306,
    state: says.unreachable.includes(node) ? "UNREACHABLE" : node === name ? says.state : "ONLINE",
    role: primaries.includes(node) ? "PRIMARY" : "SECONDARY",
    own: node === name ? 1 : 0,
    readOnly: (says.readOnly ?? !primaries.includes(name)) ? 1 : 0,
    group: says.group,
    viewId: `${says.bootstrap}:${says.view}`,
    switching: says.switching ? 1 : 0,
  }));
  return { answer: { askedAt: at, content: readRows(rows) } };
}

function roleOf({ nodes }: View, name: string): string | undefined {
  const role = nodes[name]?.role;
  if (role?.kind === "replica" && !role.streaming) return "replica that receives nothing";
  return role?.kind;
}

function check(view: View, expect: z.output<typeof Expected>, at: number): void {
  const { quorum, nodes, leaving } = view;
  const shown = quorum.kind === "leader" ? `leader ${quorum.node}` : quorum.kind;
  assert.equal(shown, expect.quorum, `at ${at}: ${"why" in quorum ? quorum.why : ""}`);
  if (expect.epoch) assert.deepEqual("epoch" in quorum && quorum.epoch, expect.epoch);
  assert.equal(leaving !== undefined, expect.leaving);
  for (const node of NODES)
    if (expect[node]) assert.equal(roleOf(view, node), expect[node], `${node} at ${at}`);
  for (const [node, port] of Object.entries(expect.port))
    assert.equal(nodes[node]?.port.kind, port);
  for (const [node, incarnation] of Object.entries(expect.incarnation))
    assert.equal(nodes[node]?.incarnation, incarnation);
}

for (const { name, term, steps } of scenarios)
  test(`group replication: ${name}`, () => {
    let known: Known = {
      names: new Map(NODES.map((node) => [`10.0.0.${node.slice(1)}`, node])),
      term,
      splitSince: undefined,
      settled: undefined,
    };
    for (const { at, says, expect } of steps) {
      const sources = Object.fromEntries(
        Object.entries(says).map(([node, content]) => [node, stateOf(node, content, at)]),
      );
      const next = viewOf(known, { awakeSince: 0, sources }, at + 50);
      known = next.known;
      check(next.view, expect, at);
    }
  });

test("rows that no server of ours would send are unreadable, and never throw", () => {
  const good = {
    ...{ host: "10.0.0.1", port: 3306, state: "ONLINE", role: "PRIMARY", own: 1 },
    ...{ readOnly: 0, group: "g", viewId: "17956798293353083:3", switching: 0 },
  };
  assert.equal(readRows([good]).kind, "member");
  for (const field of Object.keys(good))
    for (const hostile of [undefined, {}, [], Number.NaN]) {
      assert.equal(readRows([{ ...good, [field]: hostile }]).kind, "unreadable", field);
    }
  for (const hostile of [undefined, null, {}, "", [[]], [null], []])
    assert.equal(readRows(hostile).kind, "unreadable");
});

test("a bootstrap by a clock that was behind counts by the number that is noted of it, and no other one does", () => {
  const row = {
    ...{ host: "10.0.0.1", port: 3306, state: "ONLINE", role: "PRIMARY", own: 1 },
    ...{ readOnly: 0, group: "g", viewId: "17956798293353083:3", switching: 0 },
  };
  const bootstrapOf = (noted: unknown) => {
    const content = readRows([{ ...row, noted }]);
    return content.kind === "member" ? content.view?.bootstrap : content;
  };
  const note = (bootstrap: string) =>
    JSON.stringify({ portico: "a", bootstrap, number: 4000000001 });

  assert.deepEqual(bootstrapOf(note("17956798293353083")), [4000000001, 3353083]);
  const byTheClock = [1795679829, 3353083];
  for (const other of [undefined, null, "", "{", "[]", "{}", 7, note("17956798293353082")])
    assert.deepEqual(bootstrapOf(other), byTheClock);
});
