import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import { isSign } from "../../proxy-image/src/engines/redis/line.ts";
import type { Reply } from "../../proxy-image/src/engines/redis/replies.ts";
import {
  decodeReplies,
  readSentinel,
  readServer,
} from "../../proxy-image/src/engines/redis/replies.ts";
import { recorded } from "./replies.ts";

/** What Valkey 8.1.1 answered on a cluster of three nodes of the image. */
function repliesIn(file: string, count: number): readonly Reply[] {
  const decoded = decodeReplies(recorded(file), count);
  assert.ok(decoded.kind === "replies", JSON.stringify(decoded));
  assert.equal(decoded.end, recorded(file).length);
  return decoded.replies;
}

test("a leader's word: its cluster, its replicas, and where its writes end", () => {
  assert.deepEqual(readServer(repliesIn("valkey-leader.txt", 2)), {
    ...{ kind: "server", role: "leader", cluster: "dfa1d19dfe4abc00" },
    ...{ offset: 111962, replicas: 2 },
  });
});

test("a replica's word: whom it copies, whether it receives, and how far it is", () => {
  assert.deepEqual(readServer(repliesIn("valkey-replica.txt", 2)), {
    ...{ kind: "server", role: "replica", cluster: "dfa1d19dfe4abc00" },
    ...{ from: "10.168.16.13", linked: true, offset: 111146 },
  });
});

test("a Sentinel's word: the leader's address and the epoch that it was named in", () => {
  assert.deepEqual(readSentinel(repliesIn("valkey-sentinel.txt", 4)), {
    ...{ kind: "sentinel", leader: "10.168.16.13", port: 6379, epoch: 4, replaces: false },
  });
});

test("a Sentinel that has replaced the leader, and goes on with the replicas, replaces nobody", () => {
  assert.deepEqual(readSentinel(repliesIn("valkey-sentinel-replaced.txt", 4)), {
    ...{ kind: "sentinel", leader: "10.168.16.13", port: 6379, epoch: 1, replaces: false },
  });
});

test("no prefix of an answer is an answer", () => {
  for (const [file, count] of [
    ["valkey-leader.txt", 2],
    ["valkey-replica.txt", 2],
    ["valkey-sentinel.txt", 4],
  ] as const) {
    const whole = recorded(file);
    for (let end = 0; end < whole.length; end++) {
      assert.equal(decodeReplies(whole.subarray(0, end), count).kind, "more", `${file} ${end}`);
    }
  }
});

const text = (text: string): Reply => ({ kind: "text", text });
const list = (...items: readonly (string | Reply)[]): Reply => ({
  kind: "list",
  items: items.map((item) => (typeof item === "string" ? text(item) : item)),
});
const number = (value: number): Reply => ({ kind: "number", value });
const error = (text: string): Reply => ({ kind: "error", text });
const hello = list("server", "valkey", "availability_zone", "");

test("a server without the data of any cluster has no cluster's id", () => {
  const said = readServer([hello, list("slave", "127.0.0.1", number(1), "connect", number(-1))]);

  assert.deepEqual(said, {
    ...{ kind: "server", role: "replica", from: "127.0.0.1", linked: false, offset: -1 },
  });
});

test("a server that loads, refuses, or is a Sentinel has no word", () => {
  for (const [reply, why] of [
    [error("LOADING Valkey is loading the dataset in memory"), /LOADING/],
    [error("NOPERM User probe has no permissions"), /NOPERM/],
    [list("sentinel", list("orders")), /as a Sentinel/],
    [list("master"), /no role/],
    [list("slave", "10.0.0.1", number(6379), "connected"), /no role/],
    [text("master"), /no role/],
  ] as const) {
    const said = readServer([hello, reply]);
    assert.ok(said.kind === "useless");
    assert.match(said.why, why);
  }
});

const looked = (epoch: string, flags = "master") =>
  list("ip", "10.0.0.2", "port", "6379", "config-epoch", epoch, "flags", flags);

test("an address that was told between two epochs belongs to neither", () => {
  const said = readSentinel([text("OK"), looked("4"), list("10.0.0.2", "6379"), looked("5")]);

  assert.deepEqual(said, { kind: "useless", why: "changed its mind while it answered" });
});

test("a Sentinel that takes part in a failover says so; one that alone misses the leader doesn't", () => {
  for (const [flags, replaces] of [
    ["master,o_down", true],
    ["master,failover_in_progress,force_failover", true],
    ["master,s_down", false],
    ["master,disconnected", false],
  ] as const) {
    const epoch = looked("4", flags);
    const said = readSentinel([text("OK"), epoch, list("10.0.0.2", "6379"), epoch]);
    assert.ok(said.kind === "sentinel");
    assert.equal(said.replaces, replaces, flags);
  }
});

test("a Sentinel of another cluster has no word", () => {
  const unknown = error("ERR No such master with that name");
  const said = readSentinel([text("OK"), unknown, { kind: "nothing" }, unknown]);

  assert.ok(said.kind === "useless");
  assert.match(said.why, /No such master/);
});

test("any replies are read without a throw", () => {
  const leaf = fc.oneof(
    fc.string().map(text),
    fc.integer().map(number),
    fc.string().map(error),
    fc.constant<Reply>({ kind: "nothing" }),
    fc.constantFrom("master", "slave", "config-epoch", "flags", "6379").map(text),
  );
  const any = fc.oneof(
    leaf,
    fc.array(leaf, { maxLength: 6 }).map((items) => list(...items)),
  );
  fc.assert(
    fc.property(fc.array(any, { maxLength: 4 }), (replies) => {
      assert.ok(readServer(replies).kind);
      assert.ok(readSentinel(replies).kind);
    }),
    { numRuns: 1000 },
  );
});

test("a sign is a message that names the cluster's leader among its words", () => {
  assert.ok(
    isSign(list("message", "+switch-master", "orders 10.0.0.1 6379 10.0.0.2 6379"), "orders"),
  );
  assert.ok(isSign(list("message", "+try-failover", "master orders 10.0.0.1 6379"), "orders"));
  assert.ok(!isSign(list("message", "+try-failover", "master bills 10.0.0.1 6379"), "orders"));
  assert.ok(!isSign(list("subscribe", "+switch-master", number(1)), "orders"));
  assert.ok(!isSign(list("pong", ""), "orders"));
});
