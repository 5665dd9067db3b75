import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import { decodeStatus } from "../../proxy-image/src/engines/postgresql/patroni-replies.ts";
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
