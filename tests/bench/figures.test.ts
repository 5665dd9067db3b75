import assert from "node:assert/strict";
import { test } from "node:test";

import { figuresOf, spreadOf } from "../../bench/figures.ts";
import type { Ack, Event, Failure, Seen } from "../../bench/seen.ts";

const OLD = "10.0.0.1";
const NEW = "10.0.0.2";

const ack = (worker: number, at: number, server = NEW): Ack => ({
  worker,
  id: `1-${worker}-${at}`,
  begun: at - 5,
  at,
  server,
});

const failure = (
  during: Failure["during"],
  begun: number,
  code: string | null = null,
): Failure => ({
  worker: 0,
  during,
  begun,
  at: begun + 1,
  code,
  message: "",
});

function event(kind: Event["kind"], seen: Partial<Seen>): Event {
  return {
    kind,
    number: 1,
    oldLeader: OLD,
    newLeader: NEW,
    gone: 1000,
    promoted: 3000,
    accepts: 3010,
    onOldLeader: { us: 2 },
    seen: { us: { workers: 2, acks: [], failures: [], hanging: [], ...seen } },
  };
}

test("the time to follow counts from the new leader's own first row, and ignores what the old leader still took", () => {
  const acks = [ack(0, 900, OLD), ack(0, 3020, OLD), ack(1, 3040), ack(0, 3100), ack(1, 3200)];
  const figures = figuresOf("us", [event("switchover", { acks })], new Set());
  assert.equal(figures.firstWrite?.p50, 30);
  assert.equal(figures.firstWriteFromPromotion?.p50, 40);
  assert.equal(figures.everybody?.max, 90);
});

test("who never writes again is counted, and leaves no time that looks good", () => {
  const nobody = figuresOf("us", [event("kill", {})], new Set());
  assert.equal(nobody.neverBack, 1);
  assert.equal(nobody.firstWrite, null);
  const half = figuresOf(
    "us",
    [event("kill", { acks: [ack(0, 3020)], hanging: [1500] })],
    new Set(),
  );
  assert.equal(half.neverBack, 0);
  assert.equal(half.everybody, null);
  assert.equal(half.hanging, 1);
});

test("refused after a kill are those begun 10 ms or more after the death; in a switchover all", () => {
  const failures = [failure("connect", 1009), failure("connect", 1010), failure("connect", 2000)];
  const killed = figuresOf("us", [event("kill", { failures })], new Set());
  assert.deepEqual([killed.refused, killed.refusedEarlier], [2, 1]);
  const planned = figuresOf("us", [event("switchover", { failures })], new Set());
  assert.deepEqual([planned.refused, planned.refusedEarlier], [3, 0]);
});

test("a write that a read-only server refused is not a broken session", () => {
  const failures = [failure("write", 1500, "25006"), failure("write", 1000, "57P01")];
  const figures = figuresOf("us", [event("switchover", { failures })], new Set());
  assert.deepEqual([figures.readOnly, figures.broken], [1, 1]);
});

test("an acknowledged row that the surviving leader doesn't have is lost", () => {
  const acks = [ack(0, 900, OLD), ack(0, 3020)];
  const figures = figuresOf("us", [event("kill", { acks })], new Set(["1-0-3020", "other"]));
  assert.deepEqual([figures.acknowledged, figures.lost], [2, 1]);
});

test("sessions on the old leader are the most at once, and unknown where it was always down", () => {
  const up = event("switchover", {});
  assert.equal(figuresOf("us", [up, { ...up, onOldLeader: {} }], new Set()).onOldLeader, 2);
  assert.equal(figuresOf("us", [{ ...up, onOldLeader: null }], new Set()).onOldLeader, null);
});

test("percentiles are values that were measured", () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index);
  assert.deepEqual(spreadOf(values), { p50: 100, p99: 198, max: 200 });
  assert.deepEqual(spreadOf([7]), { p50: 7, p99: 7, max: 7 });
  assert.equal(spreadOf([]), null);
});
