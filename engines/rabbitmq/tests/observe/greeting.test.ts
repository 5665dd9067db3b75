import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";

import {
  decodeGreeting,
  readStrings,
} from "../../../../proxy-image/src/engines/rabbitmq/greeting.ts";

/** What RabbitMQ 4.0.5 said, byte for byte, in hexadecimal digits. */
const recorded = Buffer.from(
  readFileSync(new URL("./start.txt", import.meta.url), "utf8").trim(),
  "hex",
);
const START = { kind: "start", cluster: "orders" };

test("RabbitMQ's greeting names the cluster", () => {
  assert.deepEqual(decodeGreeting(recorded), START);
});

test("no prefix of a greeting is taken for anything", () => {
  for (let length = 0; length < recorded.length; length++)
    assert.equal(decodeGreeting(recorded.subarray(0, length)), undefined, `${length} bytes`);
});

test("what follows the greeting is left alone", () => {
  assert.deepEqual(decodeGreeting(Buffer.concat([recorded, Buffer.from([8, 0, 0])])), START);
});

test("a greeting without a cluster's name is one without a cluster", () => {
  const nameless = Buffer.from(
    recorded.toString("latin1").replace("cluster_name", "cluster_nama"),
    "latin1",
  );

  assert.deepEqual(decodeGreeting(nameless), { kind: "start", cluster: undefined });
});

const others: Readonly<Record<string, Buffer>> = {
  "RabbitMQ's answer to an unknown version": Buffer.from("AMQP\x00\x00\x09\x01", "latin1"),
  "a TLS alert": Buffer.from("15030300020228", "hex"),
  "a web server": Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"),
  "an SSH server": Buffer.from("SSH-2.0-OpenSSH_10.0\r\n"),
  "Connection.Close instead of Start": Buffer.from(
    "01000000000012000a003200000000000000000000ce",
    "hex",
  ),
  "a frame of 4 GB": Buffer.from("010000ffffffff000a000a0009", "hex"),
  "a frame too short for a table": Buffer.from("01000000000004000a000ace", "hex"),
  "a frame without its end": Buffer.from(recorded).fill(0, recorded.length - 1),
  "a table that is longer than its frame": withTableLength(0x7fffffff),
  "a table that ends within a field": withTableLength(100),
};
for (const [what, bytes] of Object.entries(others))
  test(`${what} is no node of ours`, () => {
    assert.equal(decodeGreeting(bytes)?.kind, "other");
  });

function withTableLength(length: number): Buffer {
  const bytes = Buffer.from(recorded);
  bytes.writeUInt32BE(length, 13);
  return bytes;
}

test("no bytes, and no change of a greeting's, make it throw or take long", () => {
  const change = fc.tuple(fc.nat(recorded.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 8 }), (changes) => {
      const bytes = Buffer.from(recorded);
      for (const [at, byte] of changes) bytes[at] = byte;
      decodeGreeting(bytes);
    }),
    { numRuns: 2000 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeGreeting(bytes)));
});

test("a field table is read to its strings, whatever else is in it", () => {
  const table = Buffer.concat(
    [
      "0161" + "74" + "01",
      "0162" + "49" + "00000007",
      "0163" + "46" + "00000000",
      "0164" + "56",
      "0165" + "53" + "00000002" + "6869",
    ].map((field) => Buffer.from(field, "hex")),
  );

  assert.deepEqual(readStrings(table), new Map([["e", "hi"]]));
  assert.equal(readStrings(Buffer.from("01617e00", "hex")), undefined);
  assert.deepEqual(readStrings(Buffer.alloc(0)), new Map());
});
