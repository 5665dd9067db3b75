import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import { isMessageOf } from "../../../../proxy-image/src/engines/redis/connections.ts";
import type { Reply } from "../../../../proxy-image/src/engines/redis/replies.ts";
import {
  decodeReplies,
  decodeReply,
  encodeCommand,
  readSentinel,
  readServer,
} from "../../../../proxy-image/src/engines/redis/replies.ts";
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
  const content = readServer([hello, list("slave", "127.0.0.1", number(1), "connect", number(-1))]);

  assert.deepEqual(content, {
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
    const content = readServer([hello, reply]);
    assert.ok(content.kind === "useless");
    assert.match(content.why, why);
  }
});

const looked = (epoch: string, flags = "master") =>
  list("ip", "10.0.0.2", "port", "6379", "config-epoch", epoch, "flags", flags);

test("an address that was told between two epochs belongs to neither", () => {
  const content = readSentinel([text("OK"), looked("4"), list("10.0.0.2", "6379"), looked("5")]);

  assert.deepEqual(content, { kind: "useless", why: "changed its mind while it answered" });
});

test("a Sentinel that takes part in a failover says so; one that alone misses the leader doesn't", () => {
  for (const [flags, replaces] of [
    ["master,o_down", true],
    ["master,failover_in_progress,force_failover", true],
    ["master,s_down", false],
    ["master,disconnected", false],
  ] as const) {
    const epoch = looked("4", flags);
    const content = readSentinel([text("OK"), epoch, list("10.0.0.2", "6379"), epoch]);
    assert.ok(content.kind === "sentinel");
    assert.equal(content.replaces, replaces, flags);
  }
});

test("a Sentinel of another cluster has no word", () => {
  const unknown = error("ERR No such master with that name");
  const content = readSentinel([text("OK"), unknown, { kind: "nothing" }, unknown]);

  assert.ok(content.kind === "useless");
  assert.match(content.why, /No such master/);
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
    isMessageOf(list("message", "+switch-master", "orders 10.0.0.1 6379 10.0.0.2 6379"), "orders"),
  );
  assert.ok(isMessageOf(list("message", "+try-failover", "master orders 10.0.0.1 6379"), "orders"));
  assert.ok(!isMessageOf(list("message", "+try-failover", "master bills 10.0.0.1 6379"), "orders"));
  assert.ok(!isMessageOf(list("subscribe", "+switch-master", number(1)), "orders"));
  assert.ok(!isMessageOf(list("pong", ""), "orders"));
});

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");

function encode(reply: Reply): string {
  switch (reply.kind) {
    case "text":
      return `$${Buffer.byteLength(reply.text)}\r\n${Buffer.from(reply.text).toString("latin1")}\r\n`;
    case "error":
      return `-${reply.text}\r\n`;
    case "number":
      return `:${reply.value}\r\n`;
    case "nothing":
      return "$-1\r\n";
    case "list":
      return `*${reply.items.length}\r\n${reply.items.map(encode).join("")}`;
  }
}

const plain = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { noNullPrototype: true });

const { reply } = fc.letrec<{ reply: Reply; leaf: Reply; list: Reply }>((tie) => ({
  reply: fc.oneof({ maxDepth: 3 }, tie("leaf"), tie("list")),
  leaf: fc.oneof(
    plain({ kind: fc.constant("text" as const), text: fc.string({ unit: "grapheme" }) }),
    plain({ kind: fc.constant("error" as const), text: fc.stringMatching(/^[A-Z ]{1,20}$/) }),
    plain({ kind: fc.constant("number" as const), value: fc.integer() }),
    fc.constant({ kind: "nothing" as const }),
  ),
  list: plain({
    kind: fc.constant("list" as const),
    items: fc.array(tie("reply"), { maxLength: 4 }),
  }),
}));

test("every reply comes back as it was, and each of its prefixes asks for more", () => {
  fc.assert(
    fc.property(reply, (reply) => {
      const whole = bytes(encode(reply));
      for (let end = 0; end < whole.length; end++) {
        assert.deepEqual(decodeReply(whole.subarray(0, end)), { kind: "more" });
      }
      assert.deepEqual(decodeReply(whole), { kind: "reply", reply, end: whole.length });
    }),
  );
});

test("what follows a reply is the next one's", () => {
  const both = bytes("+OK\r\n:7\r\n-ER");

  const decoded = decodeReplies(both, 2);

  assert.ok(decoded.kind === "replies");
  assert.deepEqual(decoded.replies, [
    { kind: "text", text: "OK" },
    { kind: "number", value: 7 },
  ]);
  assert.equal(both.subarray(decoded.end).toString(), "-ER");
  assert.equal(decodeReplies(both, 3).kind, "more");
});

test("whatever the bytes are, it answers, and reads no further than they go", () => {
  const start = fc.constantFrom(
    "",
    "*2\r\n",
    "$5\r\n",
    "*1000\r\n",
    "+",
    "*-1\r\n",
    "*4\r\n*4\r\n",
  );
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 200 }), (first, rest) => {
      const all = Buffer.concat([bytes(first), rest]);
      const decoded = decodeReply(all);
      if (decoded.kind === "reply") assert.ok(decoded.end <= all.length);
    }),
    { numRuns: 2000 },
  );
});

const hostile: readonly (readonly [string, string])[] = [
  ["a list longer than any that is asked for", "*1000000000\r\n"],
  ["a text longer than any that is asked for", "$1000000000\r\n"],
  ["lists in lists in lists", "*1\r\n".repeat(1000)],
  ["a line without an end", `+${"a".repeat(5000)}`],
  ["a text that is longer than it says", "$1\r\nab\r\n"],
  ["a number that is none", ":seven\r\n"],
  ["a negative length", "*-2\r\n"],
  ["a line feed that is missing", "+OK\rX"],
  ["another protocol", "HTTP/1.1 200 OK\r\n"],
  ["another protocol's binary", "\u0000\u0000\u0000\u0008"],
];
for (const [what, text] of hostile) {
  test(`${what} is refused at once`, () => {
    assert.equal(decodeReply(bytes(text)).kind, "broken");
  });
}

test("a command is sent as a list of texts, by their length in bytes", () => {
  assert.equal(encodeCommand(["PING", "ä"]), "*2\r\n$4\r\nPING\r\n$2\r\nä\r\n");
});
