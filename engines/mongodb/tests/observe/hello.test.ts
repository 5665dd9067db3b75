import assert from "node:assert/strict";
import { test } from "node:test";

import { type Document, ObjectId, serialize } from "bson";
import fc from "fast-check";

import { decodeHello, encodeHello } from "../../../../proxy-image/src/engines/mongodb/hello.ts";

/** A reply as a server sends it. */
function reply(body: Document, code = 2013): Buffer {
  const bytes = serialize(body);
  const message = Buffer.alloc(21 + bytes.length);
  message.writeInt32LE(message.length, 0);
  message.writeInt32LE(code, 12);
  message.set(bytes, 21);
  return message;
}

const PRIMARY = {
  ok: 1,
  setName: "carts",
  setVersion: 3,
  isWritablePrimary: true,
  secondary: false,
  hosts: ["10.0.0.1:27017", "10.0.0.2:27017"],
  me: "10.0.0.1:27017",
  primary: "10.0.0.1:27017",
  electionId: new ObjectId("7fffffff0000000000000012"),
  topologyVersion: { processId: new ObjectId(), counter: 6 },
};

test("a primary tells its set, its name and its election", () => {
  const read = decodeHello(reply(PRIMARY));

  assert.ok(read?.answer.kind === "hello");
  const { hello } = read.answer;
  assert.deepEqual(hello.election, [0x7fffffff, 0, 0x12, 3]);
  assert.deepEqual([hello.isPrimary, hello.isSecondary, hello.setName], [true, false, "carts"]);
  assert.equal(hello.primary, "10.0.0.1:27017");
});

test("a reply is read once it is whole, and not a byte before", () => {
  const whole = reply(PRIMARY);
  for (let length = 0; length < whole.length; length++)
    assert.equal(decodeHello(whole.subarray(0, length)), undefined, `${length} bytes`);
  assert.equal(decodeHello(Buffer.concat([whole, whole]))?.length, whole.length);
});

for (const [what, bytes, why] of [
  ["HTTP", Buffer.from("HTTP/1.0 400 Bad Request\r\n\r\n"), /another protocol/],
  ["another operation", reply(PRIMARY, 1), /another operation/],
  ["a refusal", reply({ ok: 0, errmsg: "no" }), /refuses to say hello: no/],
  ["another document", reply({ ok: "yes" }), /no hello/],
  ["broken BSON", Buffer.concat([reply(PRIMARY).subarray(0, 24), Buffer.alloc(280, 9)]), /./],
] as const)
  test(`${what} is told apart, with the reason`, () => {
    const padded = Buffer.concat([bytes, Buffer.alloc(600)]);
    const content = decodeHello(padded)?.answer;

    assert.ok(content?.kind === "unreadable");
    assert.match(content.why, why);
  });

test("no bytes make the decoder throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeHello(Buffer.from(bytes))),
  );
  const whole = reply(PRIMARY);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
      const hostile = Buffer.from(whole);
      hostile[at] = byte;
      decodeHello(hostile);
    }),
  );
});

test("the question has its own length, and names what it awaits", () => {
  const awaited = encodeHello(7, { topologyVersion: { counter: 6 }, maxAwaitMs: 10_000 });

  assert.equal(awaited.readInt32LE(0), awaited.length);
  assert.ok(awaited.includes("maxAwaitTimeMS"));
  assert.ok(!encodeHello(7).includes("maxAwaitTimeMS"));
});
