import assert from "node:assert/strict";
import { test } from "node:test";

import type { Greeting } from "../../../../proxy-image/src/engines/rabbitmq/greeting.ts";
import { viewOf } from "../../../../proxy-image/src/engines/rabbitmq/greeting.ts";
import type { Heard } from "../../../../proxy-image/src/observe/heard.ts";
import { afterAnswer, afterMiss } from "../../../../proxy-image/src/observe/heard.ts";

const start = (cluster: string | undefined): Greeting => ({ kind: "start", cluster });
const answered = (said: Greeting, askedAt = 1000): Heard<Greeting> =>
  afterAnswer({}, { askedAt, said });
const missed = (before: Heard<Greeting>, ...at: readonly number[]): Heard<Greeting> =>
  at.reduce(
    (heard, now) => afterMiss(heard, { kind: "closed", why: "refuses connections" }, now),
    before,
  );

const wordsAt = (now: number, heard: Readonly<Record<string, Heard<Greeting>>>) =>
  Object.fromEntries(
    Object.entries(viewOf("orders", { awakeSince: 0, heard }, now).nodes).map(([name, node]) => [
      name,
      "why" in node.word ? `${node.word.kind}: ${node.word.why}` : node.word.kind,
    ]),
  );

const table: readonly (readonly [string, Heard<Greeting>, number, string])[] = [
  ["one that greets as the cluster serves", answered(start("orders")), 1000, "serving"],
  [
    "one of another cluster doesn't, and says whose it is",
    answered(start("invoices")),
    1000,
    'neither: answers as the cluster "invoices", not "orders"',
  ],
  [
    "one that names no cluster doesn't",
    answered(start(undefined)),
    1000,
    'neither: answers as the cluster "", not "orders"',
  ],
  [
    "something else on its port doesn't",
    answered({ kind: "other", why: "speaks no AMQP" }),
    1000,
    "neither: speaks no AMQP",
  ],
  ["one miss is none", missed(answered(start("orders")), 1250), 1260, "serving"],
  [
    "two misses are silence",
    missed(answered(start("orders")), 1250, 1260),
    1260,
    "silent: refuses connections",
  ],
  [
    "an answer that is old is none",
    answered(start("orders")),
    2300,
    "silent: gave no newer answer",
  ],
  ["one that was never heard is silent", {}, 1300, "silent: has not answered yet"],
];
for (const [title, heard, now, word] of table)
  test(`a node of RabbitMQ: ${title}`, () => {
    assert.deepEqual(wordsAt(now, { a: heard }), { a: word });
  });

test("RabbitMQ has no leader", () => {
  assert.equal(viewOf("orders", { awakeSince: 0, heard: {} }, 5).quorum.kind, "leaderless");
});
