import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import fc from "fast-check";

import { decodeHealth } from "../../../../proxy-image/src/engines/elasticsearch/health.ts";

/** What Elasticsearch 7.17.29 said, byte for byte. */
const recorded = readFileSync(new URL("./health.txt", import.meta.url));
const GREEN = { kind: "health", cluster: "orders", status: "green" };

const reply = (body: string, head = `content-length: ${body.length}`): Buffer =>
  Buffer.from(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${body}`);

test("a node's health names the cluster and its status", () => {
  assert.deepEqual(decodeHealth(recorded), GREEN);
});

test("no prefix of a reply is taken for anything", () => {
  for (let length = 0; length < recorded.length; length++)
    assert.equal(decodeHealth(recorded.subarray(0, length)), undefined, `${length} bytes`);
});

test("what follows the reply is left alone", () => {
  assert.deepEqual(decodeHealth(Buffer.concat([recorded, Buffer.from("HTTP")])), GREEN);
});

const others: Readonly<Record<string, readonly [Buffer, RegExp]>> = {
  "a node that wants a password": [
    Buffer.from("HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\n{}"),
    /answers with status 401/,
  ],
  "a node that can't answer": [
    Buffer.from("HTTP/1.1 503 Service Unavailable\r\n\r\n"),
    /answers with status 503/,
  ],
  "another web server": [reply("<html></html>"), /not Elasticsearch/],
  "JSON of something else": [reply('{"status":"green"}'), /not Elasticsearch/],
  "a status that nobody knows": [reply('{"cluster_name":"a","status":"blue"}'), /not Elastic/],
  "a reply without its length": [reply("{}", "transfer-encoding: chunked"), /not Elastic/],
  "a reply of a gigabyte": [reply("{}", "content-length: 1073741824"), /not Elastic/],
  "a length that is none": [reply("{}", "content-length: -1"), /not Elastic/],
  "a head without an end": [
    reply("", `x: ${"y".repeat(70_000)}`).subarray(0, 66_000),
    /no.*HTTP|doesn't/,
  ],
  RabbitMQ: [Buffer.from("AMQP\x00\x00\x09\x01", "latin1"), /doesn't speak HTTP/],
  "an SSH server": [Buffer.from("SSH-2.0-OpenSSH_10.0\r\n"), /doesn't speak HTTP/],
  "a TLS alert": [Buffer.from("15030300020228", "hex"), /doesn't speak HTTP/],
};
for (const [what, [bytes, why]] of Object.entries(others))
  test(`${what} is no node of ours`, () => {
    const health = decodeHealth(bytes);

    assert.ok(health?.kind === "other");
    assert.match(health.why, why);
  });

test("no bytes, and no change of a reply's, make it throw", () => {
  const change = fc.tuple(fc.nat(recorded.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 8 }), (changes) => {
      const bytes = Buffer.from(recorded);
      for (const [at, byte] of changes) bytes[at] = byte;
      decodeHealth(bytes);
    }),
    { numRuns: 2000 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeHealth(bytes)));
});
