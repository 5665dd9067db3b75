import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import {
  decodeLogin,
  decodeRange,
  decodeWatch,
  takeLines,
} from "../../../../proxy-image/src/engines/postgresql/etcd-replies.ts";
import { recorded } from "./replies.ts";

const RANGE = recorded("etcd-range.txt").toString();

test("a range names every key, with its value and exact revisions", () => {
  const range = decodeRange(200, RANGE);

  assert.ok(range.kind === "keys");
  assert.equal(range.revision, 221);
  assert.equal(range.clusterId, "16822681913471425032");
  const leader = range.keys.find(({ name }) => name === "/service/orders/leader");
  assert.deepEqual(leader, {
    name: "/service/orders/leader",
    value: "orders-1",
    createRevision: 171,
    modRevision: 171,
  });
});

test("no beginning of a range is read as a range", () => {
  for (let length = 0; length < RANGE.length; length++) {
    assert.equal(decodeRange(200, RANGE.slice(0, length)).kind, "unreadable", `at ${length}`);
  }
});

const range = (change: Record<string, unknown>): string =>
  JSON.stringify({ ...JSON.parse(RANGE), ...change });
const key = (change: Record<string, unknown>): string =>
  range({ kvs: [{ ...JSON.parse(RANGE).kvs[0], ...change }], count: "1" });

for (const [what, body] of [
  ["a revision over 2^53", key({ mod_revision: "9007199254740993" })],
  ["a revision that is a number", key({ mod_revision: 12 })],
  ["a negative revision", key({ mod_revision: "-1" })],
  ["a revision in hexadecimal", key({ mod_revision: "0x1f" })],
  ["no revision", key({ mod_revision: undefined })],
  ["a name that is not base64", key({ key: "/service" })],
  ["a value that is not text", key({ value: "//8=" })],
  ["fewer keys than it counts", range({ count: "12" })],
  ["a mark that there are more keys", range({ more: true })],
  ["no header", range({ header: undefined })],
  ["a list", "[]"],
  ["null", "null"],
] as const) {
  test(`a range with ${what} is unreadable`, () => {
    assert.equal(decodeRange(200, body).kind, "unreadable");
  });
}

test("an empty store answers without any key", () => {
  const { header } = JSON.parse(RANGE);

  const empty = decodeRange(200, JSON.stringify({ header }));

  assert.ok(empty.kind === "keys");
  assert.deepEqual(empty.keys, []);
});

for (const [status, code, message, login] of [
  [401, 16, "etcdserver: invalid auth token", true],
  [400, 3, "etcdserver: user name is empty", true],
  [400, 3, "etcdserver: revision of auth store is old", true],
  [403, 7, "etcdserver: permission denied", false],
  [503, 14, "etcdserver: request timed out", false],
] as const) {
  test(`"${message}" ${login ? "asks for a new login" : "is no matter of the login"}`, () => {
    const refused = decodeRange(status, JSON.stringify({ code, message }));

    assert.deepEqual(refused, { kind: "refused", login, why: message });
  });
}

test("an error page of something else is unreadable", () => {
  assert.equal(decodeRange(502, "<html>Bad Gateway</html>").kind, "unreadable");
});

test("a login gives a token, or tells why not", () => {
  const token = decodeLogin(200, recorded("etcd-authenticate.txt").toString());
  const wrong = "etcdserver: authentication failed, invalid user ID or password";
  const off = "etcdserver: authentication is not enabled";

  assert.deepEqual(token, { kind: "token", token: "QmVybGluVG93ZXIxMjM0.106" });
  assert.equal(decodeLogin(400, JSON.stringify({ code: 3, message: wrong })).kind, "refused");
  assert.equal(decodeLogin(400, JSON.stringify({ code: 9, message: off })).kind, "open");
  assert.equal(decodeLogin(200, '{"token":"a\\r\\nb"}').kind, "unreadable");
});

test("no beginning of a login's answer is a token", () => {
  const body = recorded("etcd-authenticate.txt").toString().trimEnd();
  for (let length = 0; length < body.length; length++) {
    assert.equal(decodeLogin(200, body.slice(0, length)).kind, "unreadable", `at ${length}`);
  }
});

test("no beginning of a watch's line is an event, or the beginning of a watch", () => {
  for (const line of takeLines(recorded("etcd-watch.txt").toString()).lines) {
    for (let length = 0; length < line.length; length++) {
      assert.equal(decodeWatch(line.slice(0, length)).kind, "lost", `at ${length}`);
    }
  }
});

test("a watch tells that it began, and which keys changed", () => {
  const { lines, rest } = takeLines(recorded("etcd-watch.txt").toString());

  assert.equal(rest, "");
  assert.deepEqual(lines.map(decodeWatch), [
    { kind: "created" },
    { kind: "events", names: ["/service/orders/status"] },
    { kind: "events", names: ["/service/orders/members/orders-1"] },
    { kind: "events", names: ["/service/orders/members/orders-3"] },
    { kind: "events", names: ["/service/orders/members/orders-2"] },
  ]);
});

test("a refused watch says created and canceled at once, which is loss", () => {
  const reply = decodeWatch(recorded("etcd-watch-refused.txt").toString());

  assert.ok(reply.kind === "lost");
  assert.match(reply.why, /permission denied/);
});

test("an error in the stream is loss", () => {
  const reply = decodeWatch('{"error":{"grpc_code":14,"message":"etcdserver: no leader"}}');

  assert.deepEqual(reply, { kind: "lost", why: "etcdserver: no leader" });
});

test("a stream that is cut anywhere gives the same lines", () => {
  const whole = recorded("etcd-watch.txt").toString();
  const { lines } = takeLines(whole);
  for (let at = 0; at <= whole.length; at += 7) {
    const first = takeLines(whole.slice(0, at));
    const second = takeLines(first.rest + whole.slice(at));
    assert.deepEqual([...first.lines, ...second.lines], lines);
  }
});

test("hostile replies are never an exception, nor keys", () => {
  const hostile = fc.oneof(fc.string(), fc.json(), fc.string({ unit: "binary" }));
  fc.assert(
    fc.property(hostile, fc.integer({ min: 100, max: 599 }), (body, status) => {
      assert.notEqual(decodeRange(status, body).kind, "keys");
      assert.notEqual(decodeLogin(status, body).kind, "token");
      assert.notEqual(decodeWatch(body).kind, "events");
    }),
    { examples: [["[".repeat(200_000), 200]] },
  );
});
