import assert from "node:assert/strict";
import { test } from "node:test";

import type { Gate, Memory } from "../../proxy-image/src/judge/memory.ts";
import type { LogContext } from "../../proxy-image/src/report/verdict-log.ts";
import { describeChange, describeOccupancy } from "../../proxy-image/src/report/verdict-log.ts";

const open = (node: string): Gate => ({ kind: "open", node, since: 0, why: "etcd names it" });
const memory = (gate: Gate, epoch = 5): Memory => ({
  lineage: { generation: 1, highest: { epoch: [epoch], node: "a", at: 0 } },
  gate,
  readers: {},
  members: {},
  anyGate: { kind: "closed", since: 0, why: "nothing has been seen yet" },
});

test("a switch is told with both leaders, epoch, proof, time held and sessions cut", () => {
  const start: LogContext = { leader: { node: "a", epoch: "5" }, cut: 0 };
  const held: Gate = { kind: "held", keep: "a", since: 1000, why: "a switchover was asked for" };
  const lost: Gate = { kind: "held", since: 1000, why: "nobody holds the key" };

  const first = describeChange(start, memory(open("a")), memory(held), 0, 1000);
  const second = describeChange(first.context, memory(held), memory(lost), 7, 1500);
  const third = describeChange(second.context, memory(lost), memory(open("b"), 9), 0, 2400);

  assert.equal(
    first.lines[0]?.msg,
    "New connections wait, old sessions stay: a switchover was asked for",
  );
  assert.equal(
    second.lines[0]?.msg,
    "New connections wait, old sessions are cut: nobody holds the key",
  );
  assert.deepEqual(third.lines, [
    {
      level: "info",
      msg: "New connections go to b instead of a, after 1400 ms, and 7 sessions that the portal had to cut: etcd names it",
      facts: {
        oldLeader: "a",
        newLeader: "b",
        epoch: "9",
        proof: "etcd names it",
        heldMs: 1400,
        cut: 7,
      },
    },
  ]);
  assert.deepEqual(third.context, { leader: { node: "b", epoch: "9" }, cut: 0 });
});

test("a hold that ends where it began is no switch", () => {
  const held: Gate = { kind: "held", keep: "a", since: 1000, why: "slow" };
  const first = describeChange(
    { leader: { node: "a", epoch: "5" }, cut: 0 },
    memory(open("a")),
    memory(held),
    0,
    1000,
  );

  const { lines } = describeChange(first.context, memory(held), memory(open("a")), 0, 1300);

  assert.equal(lines[0]?.msg, "a goes on as leader after 300 ms: etcd names it");
});

test("who is refused from now on is told why, as an alarm: by the leader's endpoint and by that of all nodes", () => {
  const two: Gate = { kind: "closed", since: 1000, why: "a and b both lead in epoch 5" };
  const anyGate = (kind: "open" | "closed"): Memory => ({
    ...memory(open("a")),
    anyGate: { kind, since: 0, why: "no node serves" },
  });

  for (const [before, after, why] of [
    [memory(open("a")), memory(two), two.why],
    [anyGate("open"), anyGate("closed"), "no node serves"],
  ] as const) {
    const [line] = describeChange({ cut: 0 }, before, after, 0, 1000).lines;
    assert.equal(line?.level, "error");
    assert.equal(line?.msg, `New connections are refused: ${why}`);
    assert.equal(line?.facts.alarm, true);
    assert.equal(line?.facts.proof, why);
  }
});

test("nothing new, nothing told", () => {
  assert.deepEqual(
    describeChange({ cut: 0 }, memory(open("a")), memory(open("a")), 0, 5).lines,
    [],
  );
});

test("who was refused from the start is told why after half a minute, once", () => {
  const foreign: Gate = { kind: "closed", since: 0, why: "a answers as another cluster" };
  const start = memory({ kind: "closed", since: 0, why: "nothing has been seen yet" });

  const first = describeChange({ cut: 0 }, start, memory(foreign), 0, 1000);
  const soon = describeChange(first.context, memory(foreign), memory(foreign), 0, 30_000);
  const later = describeChange(soon.context, memory(foreign), memory(foreign), 0, 31_000);
  const again = describeChange(later.context, memory(foreign), memory(foreign), 0, 90_000);

  assert.deepEqual([...first.lines, ...soon.lines, ...again.lines], []);
  assert.deepEqual(later.lines, [
    {
      level: "error",
      msg: "New connections are still refused: a answers as another cluster",
      facts: { proof: "a answers as another cluster", alarm: true },
    },
  ]);
});

test("an endpoint that the document doesn't have is not told to be closed", () => {
  const none = memory({ kind: "closed", since: 0, why: "nothing has been seen yet" });
  const first = describeChange({ cut: 0 }, none, none, 0, 1000);

  assert.deepEqual(describeChange(first.context, none, none, 0, 90_000).lines, []);
});

const capacity = (used: number) => [{ name: "orders-1 on primary", used, limit: 90 }];

test("what has become full is told once, with an alarm; and once when it has room again", () => {
  const steps = [89, 90, 89, 90, 85, 81, 81].reduce<{
    full: ReadonlySet<string>;
    logged: readonly string[];
  }>(
    ({ full, logged }, used) => {
      const described = describeOccupancy(full, capacity(used));
      return {
        full: described.full,
        logged: [...logged, described.lines.map(({ msg }) => msg).join()],
      };
    },
    { full: new Set(), logged: [] },
  );

  assert.deepEqual(steps.logged, [
    "",
    "orders-1 on primary is full: 90 of 90 connections; further clients wait, or are refused",
    "",
    "",
    "",
    "orders-1 on primary has room again",
    "",
  ]);
});

test("an endpoint that is held meanwhile is still full after it, and that is told once", () => {
  const { full } = describeOccupancy(new Set(), capacity(90));
  const held = describeOccupancy(full, []);

  assert.deepEqual(held.lines, []);
  assert.deepEqual(describeOccupancy(held.full, capacity(90)).lines, []);
  assert.equal(describeOccupancy(held.full, capacity(0)).lines.length, 1);
});
