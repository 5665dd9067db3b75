import assert from "node:assert/strict";
import { test } from "node:test";

import type { Role, View } from "../../proxy-image/src/model/view.ts";
import type { Exchanged } from "../../proxy-image/src/observe/source-client.ts";
import { isEarly, nextTerm, paceOf, watch } from "../../proxy-image/src/observe/watch.ts";
import { until } from "../support/until.ts";

const HURRIED = { everyMs: 1, deadlineMs: 1000, depth: 2 };

/** A source that answers late, and counts the questions that are under way at once. */
function slowClient() {
  let [now, most] = [0, 0];
  const ask = async (): Promise<Exchanged<string>> => {
    now++;
    most = Math.max(most, now);
    await new Promise((done) => setTimeout(done, 20));
    now--;
    return { kind: "answer", answer: "yes" };
  };
  return { client: { ask, stop: () => {} }, most: () => most };
}

for (const [what, extra, most] of [
  ["one question at a time, where a line takes no more", {}, 1],
  ["two at a time in a hurry, where it does", { setDepth: () => {} }, 2],
] as const)
  test(`a source is asked ${what}`, async (t) => {
    const slow = slowClient();
    let answers = 0;
    const watching = watch({
      client: { ...slow.client, ...extra },
      clock: () => performance.now(),
      pace: () => HURRIED,
      onAnswer: () => answers++,
      onMiss: () => assert.fail("it answers"),
    });
    t.after(watching.stop);

    await until("ten answers", 10_000, () => answers >= 10);

    assert.equal(slow.most(), most);
  });

const view = (holder: string | undefined, epoch: number, role: Role): View => ({
  quorum: holder
    ? { kind: "leader", node: holder, epoch: [epoch], at: 0, source: "etcd a" }
    : { kind: "none", at: 0, source: "etcd a", why: "nobody holds the leader key" },
  nodes: { a: { role, port: { kind: "unknown", at: 0, why: "" } } },
  paused: false,
});
const REPLICA: Role = { kind: "replica", at: 0, streaming: true };
const STOPPING: Role = { kind: "neither", at: 0, why: "is stopping" };
const SILENT: Role = { kind: "silent", since: 0, why: "" };
const leader = (at: number): Role => ({ kind: "leader", at, failsafe: false });
const NEW = { epoch: "a 13", knownAt: 1000, confirmed: false };
const CONFIRMED = { ...NEW, confirmed: true };

for (const [what, seen, term, now, everyMs, depth] of [
  ["a new leader is asked every 10 ms", view("a", 13, REPLICA), NEW, 1100, 10, 2],
  ["but not for ever", view("a", 13, REPLICA), NEW, 6001, 100, 1],
  ["nor while it is silent", view("a", 13, SILENT), NEW, 1100, 250, 1],
  [
    "a leader that leads, four times a second",
    view("a", 13, leader(2000)),
    CONFIRMED,
    2001,
    250,
    1,
  ],
  ["one that stops, ten times a second", view("a", 13, STOPPING), CONFIRMED, 2001, 100, 1],
  ["any other node, twice a second", view("b", 14, REPLICA), NEW, 1100, 500, 1],
  ["every node, where nobody leads", view(undefined, 0, leader(0)), undefined, 1100, 500, 1],
] as const) {
  test(what, () => {
    const pace = paceOf("a", seen, term, now);

    assert.deepEqual([pace.everyMs, pace.depth], [everyMs, depth]);
  });
}

test("a word confirms a term only if it was asked for after the term was known", () => {
  const first = nextTerm(undefined, view("a", 13, leader(900)), 1000);
  const early = nextTerm(first, view("a", 13, leader(1010)), 1015);
  const late = nextTerm(early, view("a", 13, leader(1020)), 1025);

  assert.deepEqual([first, early, late], [NEW, NEW, CONFIRMED]);
});

test("a confirmed term stays so, whatever its holder says later", () => {
  assert.deepEqual(nextTerm(CONFIRMED, view("a", 13, STOPPING), 2000), CONFIRMED);
});

test("the same holder in another epoch is a new term", () => {
  assert.deepEqual(nextTerm(CONFIRMED, view("a", 20, leader(1500)), 1500), {
    epoch: "a 20",
    knownAt: 1500,
    confirmed: false,
  });
});

test("each of a new leader's first words is told", () => {
  assert.ok(isEarly(view("a", 13, leader(1010)), NEW));
  assert.ok(!isEarly(view("a", 13, leader(1030)), CONFIRMED));
  assert.ok(!isEarly(view("a", 13, REPLICA), NEW));
});
