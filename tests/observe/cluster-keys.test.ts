import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import { decodeRange } from "../../proxy-image/src/engines/postgresql/etcd-replies.ts";
import {
  isTelling,
  readClusterKeys,
} from "../../proxy-image/src/engines/postgresql/patroni-replies.ts";
import { recorded } from "./replies.ts";

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
  assert.ok(isTelling("orders", "/service/orders/leader"));
  assert.ok(isTelling("orders", "/service/orders/failover"));
  assert.ok(!isTelling("orders", "/service/orders/status"));
  assert.ok(!isTelling("orders", "/service/orders/members/leader"));
  assert.ok(!isTelling("orders", "/service/orders-2/leader"));
});

test("hostile values are never an exception", () => {
  const value = fc.oneof(fc.string(), fc.json());
  fc.assert(
    fc.property(value, value, value, (leader, failover, config) => {
      read({ leader, failover, config, initialize: leader });
    }),
  );
});
