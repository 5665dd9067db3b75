import assert from "node:assert/strict";
import { test } from "node:test";

import type { Greeting } from "../../../../proxy-image/src/engines/rabbitmq/greeting.ts";
import { viewOf } from "../../../../proxy-image/src/engines/rabbitmq/greeting.ts";
import type { SourceState } from "../../../../proxy-image/src/observe/source-state.ts";
import { afterAnswer, afterMiss } from "../../../../proxy-image/src/observe/source-state.ts";

const start = (cluster: string | undefined): Greeting => ({ kind: "start", cluster });
const answered = (content: Greeting, askedAt = 1000): SourceState<Greeting> =>
  afterAnswer({}, { askedAt, content });
const missed = (before: SourceState<Greeting>, ...at: readonly number[]): SourceState<Greeting> =>
  at.reduce(
    (state, now) => afterMiss(state, { kind: "closed", why: "refuses connections" }, now),
    before,
  );

const rolesAt = (now: number, state: Readonly<Record<string, SourceState<Greeting>>>) =>
  Object.fromEntries(
    Object.entries(viewOf("orders", { awakeSince: 0, sources: state }, now).nodes).map(
      ([name, node]) => [
        name,
        "why" in node.role ? `${node.role.kind}: ${node.role.why}` : node.role.kind,
      ],
    ),
  );

const table: readonly (readonly [string, SourceState<Greeting>, number, string])[] = [
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
for (const [title, state, now, role] of table)
  test(`a node of RabbitMQ: ${title}`, () => {
    assert.deepEqual(rolesAt(now, { a: state }), { a: role });
  });

test("RabbitMQ has no leader", () => {
  assert.equal(viewOf("orders", { awakeSince: 0, sources: {} }, 5).quorum.kind, "leaderless");
});
