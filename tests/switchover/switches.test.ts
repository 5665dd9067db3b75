import assert from "node:assert/strict";
import { test } from "node:test";

import { changesIn, ofThisFolder } from "../../tools/switchover.ts";

const line = (changes: object) =>
  JSON.stringify({
    level: "info",
    time: "2026-06-01T12:00:05.000Z",
    portal: "orders-portal-1",
    oldLeader: "orders-1",
    newLeader: "orders-2",
    epoch: "77",
    heldMs: 1400,
    cut: 3,
    proof: "named by etcd, and it says so",
    msg: "New connections go to orders-2",
    ...changes,
  });
const began = Date.parse("2026-06-01T12:00:00Z");

test("a change of leader is found among the lines of a portal's log", () => {
  const log = `not JSON\n${line({})}\n{"msg":"orders-2 leads"}\n{"trunca`;

  const [change, ...others] = changesIn(log, began);

  assert.deepEqual([change?.oldLeader, change?.newLeader], ["orders-1", "orders-2"]);
  assert.deepEqual([change?.heldMs, change?.cut], [1400, 3]);
  assert.deepEqual(others, []);
});

test("what came before, and a leader that goes on, are no change", () => {
  const before = line({ time: "2026-06-01T11:59:59.000Z" });
  const same = line({ newLeader: "orders-1" });

  assert.deepEqual(changesIn(`${before}\n${same}`, began), []);
});

test("of two stacks with one deployment, the one of the folder is meant, and never another folder's", () => {
  const container = (stack: string, source: string) =>
    ({ Labels: { "portico.stack": stack }, Mounts: [{ Type: "bind", Source: source }] }) as never;
  const mine = container("portico", "/home/ann/portico/.portico/local/orders/nodes/orders-1");
  const other = container("portico-2", "/home/ann/portico-2/.portico/local/orders/nodes/orders-1");

  assert.deepEqual(ofThisFolder([other, mine], "/home/ann/portico"), [mine]);
  assert.deepEqual(ofThisFolder([other, mine], "/home/ann/portico-2"), [other]);
  assert.deepEqual(ofThisFolder([other, mine], "/home/ann/elsewhere"), []);
});
