import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import { decodeRange } from "../../../../proxy-image/src/engines/postgresql/etcd-replies.ts";
import {
  decodeStatus,
  isWatched,
  readClusterKeys,
} from "../../../../proxy-image/src/engines/postgresql/patroni-replies.ts";
import { recorded } from "./replies.ts";

const LEADER = recorded("patroni-leader.txt");
const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const leader = (change: Record<string, unknown>): Buffer =>
  bytes({ ...JSON.parse(LEADER.toString()), ...change });
const statusOf = (reply: Uint8Array) => {
  const decoded = decodeStatus(reply);
  assert.ok(decoded?.kind === "status", JSON.stringify(decoded));
  return decoded.status;
};

test("a leader tells its role, position and identity", () => {
  assert.deepEqual(statusOf(LEADER), {
    scope: "orders",
    name: "orders-1",
    state: "running",
    role: "primary",
    location: 67819336,
    streaming: false,
    paused: false,
    failsafe: false,
    incarnation: "7711397782521794643",
  });
});

test("a replica tells how far it has replayed, and whether it streams", () => {
  const { role, replayed, streaming } = statusOf(recorded("patroni-replica.txt"));

  assert.deepEqual(
    { role, replayed, streaming },
    { role: "replica", replayed: 67819336, streaming: true },
  );
});

test("a reply with a head reads as one without", () => {
  const { scope, name, role, state } = statusOf(recorded("patroni-leader-with-head.txt"));

  assert.deepEqual([scope, name, role, state], ["orders", "orders-1", "primary", "running"]);
});

for (const file of ["patroni-leader.txt", "patroni-leader-with-head.txt", "patroni-replica.txt"]) {
  test(`no beginning of ${file} is read as an answer`, () => {
    const whole = recorded(file);
    for (let length = 0; length < whole.length; length++) {
      assert.equal(decodeStatus(whole.subarray(0, length)), undefined, `at ${length}`);
    }
  });
}

test("a node that lost PostgreSQL tells its role without a position", () => {
  const { role, state, location } = statusOf(leader({ state: "unknown", xlog: undefined }));

  assert.deepEqual([role, state, location], ["primary", "unknown", undefined]);
});

test("a position that JavaScript can't hold exactly is not known", () => {
  assert.equal(statusOf(leader({ xlog: { location: 2 ** 53 } })).location, undefined);
  assert.equal(statusOf(leader({ xlog: { location: -1 } })).location, undefined);
});

test("pause and the fail-safe rule are told", () => {
  const { paused, failsafe } = statusOf(leader({ pause: true, failsafe_mode_is_active: true }));

  assert.ok(paused && failsafe);
});

for (const [what, reply] of [
  ["another server's page", Buffer.from("<html>")],
  ["another server's page with a head", Buffer.from("HTTP/1.1 404 Not Found\r\n\r\nno")],
  ["another protocol", Buffer.from("SSH-2.0-OpenSSH_9.2\r\n")],
  ["JSON without a scope", leader({ patroni: { name: "orders-1" } })],
  ["a role that is no text", leader({ role: 1 })],
  ["another JSON", bytes({ leader: true })],
] as const) {
  test(`${what} is unreadable`, () => {
    assert.equal(decodeStatus(reply)?.kind, "unreadable");
  });
}

test("hostile bytes are never an exception, nor a status", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (reply) => {
      assert.notEqual(decodeStatus(reply)?.kind, "status");
    }),
  );
  fc.assert(
    fc.property(fc.json(), (json) => {
      assert.notEqual(decodeStatus(Buffer.from(json))?.kind, "status");
    }),
  );
});

const read = (values: Readonly<Record<string, string>>, scope = "orders") =>
  readClusterKeys(
    scope,
    Object.entries(values).map(([name, value], index) => ({
      name: `/service/orders/${name}`,
      value,
      createRevision: 3,
      modRevision: 20 + index,
    })),
  );

test("Patroni's keys name the leader, its epoch and the cluster's identity", () => {
  const range = decodeRange(200, recorded("etcd-range.txt").toString());

  assert.ok(range.kind === "keys");
  assert.deepEqual(readClusterKeys("orders", range.keys), {
    leader: { node: "orders-1", epoch: [171] },
    paused: false,
    incarnation: "7711397782521794643",
  });
});

test("the epoch is the revision of the last put, so two holders never share one", () => {
  assert.deepEqual(read({ leader: "a" }).leader, { node: "a", epoch: [20] });
});

test("another scope's keys are not read", () => {
  assert.deepEqual(read({ leader: "a", config: '{"pause":true}' }, "order"), {});
});

for (const [value, failover] of [
  ['{"leader":"a","member":"b"}', { leader: "a", candidate: "b", scheduled: false }],
  ['{"leader":"a"}', { leader: "a", scheduled: false }],
  ['{"member":"b"}', { candidate: "b", scheduled: false }],
  [
    '{"leader":"a","member":"b","scheduled_at":"2027-01-01T00:00:00+00:00"}',
    { leader: "a", candidate: "b", scheduled: true },
  ],
  ["a:b", { leader: "a", candidate: "b", scheduled: false }],
  ["{}", undefined],
  ["", undefined],
  ["null", undefined],
] as const) {
  test(`the failover key ${JSON.stringify(value)} is ${failover ? "an order" : "none"}`, () => {
    const expected = failover && { revision: 20, ...failover };

    assert.deepEqual(read({ failover: value }).failover, expected);
  });
}

for (const [config, paused] of [
  ['{"pause":true}', true],
  ['{"pause":false}', false],
  ['{"pause":null}', false],
  ["{}", false],
  ["not JSON", undefined],
] as const) {
  test(`the configuration ${config} ${paused ? "pauses" : "doesn't pause"} the cluster`, () => {
    assert.equal(read({ config }).paused, paused);
  });
}

test("only the keys that may change a verdict are telling", () => {
  assert.ok(isWatched("orders", "/service/orders/leader"));
  assert.ok(isWatched("orders", "/service/orders/failover"));
  assert.ok(!isWatched("orders", "/service/orders/status"));
  assert.ok(!isWatched("orders", "/service/orders/members/leader"));
  assert.ok(!isWatched("orders", "/service/orders-2/leader"));
});

test("hostile values are never an exception", () => {
  const value = fc.oneof(fc.string(), fc.json());
  fc.assert(
    fc.property(value, value, value, (leader, failover, config) => {
      read({ leader, failover, config, initialize: leader });
    }),
  );
});
