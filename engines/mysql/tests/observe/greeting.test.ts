import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import { decodeGreeting } from "../../../../proxy-image/src/engines/mysql/member.ts";
import { recorded } from "./stand-in.ts";

const greeting = recorded("greeting");

test("a real greeting of MySQL is recognised", () => {
  assert.deepEqual(decodeGreeting(greeting), { kind: "greeting", bytes: greeting });
});

test("no prefix of a greeting is taken for anything", () => {
  for (let length = 0; length < greeting.length; length++)
    assert.equal(decodeGreeting(greeting.subarray(0, length)), undefined, `${length} bytes`);
});

test("a server's refusal is the driver's to read", () => {
  const bytes = packet("ff1004", Buffer.from("Too many connections"));

  assert.deepEqual(decodeGreeting(bytes), { kind: "greeting", bytes });
});

test("no greeting's text is read beyond its packet", () => {
  for (let length = 1; length < 23; length++) {
    const cut = greeting.subarray(4, 4 + length);
    assert.equal(decodeGreeting(packet("", cut))?.kind, "other", `${length} bytes`);
  }
});

const others: Readonly<Record<string, readonly [Buffer, string]>> = {
  "an SSH server": [
    Buffer.from("SSH-2.0-OpenSSH_10.0\r\n"),
    'speaks no MySQL: it begins with "SSH-2.0-OpenSSH_10.0"',
  ],
  "a web server": [
    Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"),
    'speaks no MySQL: it begins with "HTTP/1.1 400 Bad Request"',
  ],
  "PostgreSQL's error": [
    Buffer.from("E\0\0\0\x45SFATAL\0VFATAL\0C0A000\0Munsupported frontend protocol\0\0", "latin1"),
    "speaks no MySQL: it begins with 4500000045534641",
  ],
  "a TLS alert": [
    Buffer.from("15030300020228", "hex"),
    "speaks no MySQL: it begins with 15030300020228",
  ],
  "RabbitMQ's answer": [
    Buffer.from("AMQP\x00\x00\x09\x01", "latin1"),
    'speaks no MySQL: it begins with "AMQP"',
  ],
  "an empty packet": [Buffer.from("00000000", "hex"), "speaks no MySQL: it begins with 00000000"],
  "a packet of 16 MB": [
    Buffer.from("ffffff000a", "hex"),
    "speaks no MySQL: it begins with ffffff000a",
  ],
  "a packet that isn't the first": [
    changed(3, 1),
    "speaks no MySQL: it begins with 4b0000010a392e37",
  ],
  "a version without an end": [
    packet("0a", Buffer.alloc(60, "9")),
    "speaks no MySQL: it begins with 3d0000000a393939",
  ],
  "a server of before 1998": [changed(4, 9), "speaks MySQL's protocol 9, which is too old"],
  "MySQL 4.0": [
    packet("0a342e302e333000", Buffer.from("01000000616161616161616100" + "2c20", "hex")),
    "speaks MySQL without TLS",
  ],
  "a server without TLS": [changed(27, 0xf7), "speaks MySQL without TLS"],
  "who says that a login went well before there was TLS": [
    Buffer.concat([greeting, Buffer.from("0700000200000002000000", "hex")]),
    "says more than MySQL's greeting before TLS",
  ],
};
for (const [what, [bytes, why]] of Object.entries(others))
  test(`${what} is no server of ours`, () => {
    assert.deepEqual(decodeGreeting(bytes), { kind: "other", why });
  });

function changed(at: number, byte: number): Buffer {
  const bytes = Buffer.from(greeting);
  bytes[at] = byte;
  return bytes;
}

function packet(start: string, rest: Buffer): Buffer {
  const payload = Buffer.concat([Buffer.from(start, "hex"), rest]);
  const head = Buffer.alloc(4);
  head.writeUIntLE(payload.length, 0, 3);
  return Buffer.concat([head, payload]);
}

test("no bytes, and no change of a greeting's, make it throw or take long", () => {
  const change = fc.tuple(fc.nat(greeting.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 8 }), (changes) => {
      const bytes = Buffer.from(greeting);
      for (const [at, byte] of changes) bytes[at] = byte;
      decodeGreeting(bytes);
    }),
    { numRuns: 2000 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeGreeting(bytes)));
});
