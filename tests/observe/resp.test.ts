import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import type { Reply } from "../../proxy-image/src/engines/redis/replies.ts";
import {
  decodeReplies,
  decodeReply,
  encodeCommand,
} from "../../proxy-image/src/engines/redis/replies.ts";

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
