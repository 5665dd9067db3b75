import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";

import type { Message } from "../../../../proxy-image/src/engines/scylladb/cql.ts";
import {
  authResponse,
  clusterName,
  encodeFrame,
  OPCODE,
  options,
  readFrame,
  readMessage,
  register,
  startup,
} from "../../../../proxy-image/src/engines/scylladb/cql.ts";

/** What Cassandra 5.0.9 answered, and pushed when a node of its ring was killed and started again. */
const RECORDED: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(new URL("./replies.json", import.meta.url), "utf8"),
);

const recorded = (name: string): Buffer => Buffer.from(RECORDED[name] ?? "", "hex");

function read(bytes: Buffer): Message {
  const read = readFrame(bytes);
  assert.ok(read.kind === "frame", read.kind);
  assert.equal(read.rest.length, 0);
  return readMessage(read.frame);
}

const answers: readonly (readonly [string, Message])[] = [
  [
    "supported",
    {
      kind: "supported",
      options: {
        PROTOCOL_VERSIONS: ["3/v3", "4/v4", "5/v5", "6/v6-beta"],
        COMPRESSION: ["snappy", "lz4"],
        CQL_VERSION: ["3.4.7"],
      },
    },
  ],
  [
    "authenticate",
    { kind: "authenticate", authenticator: "org.apache.cassandra.auth.PasswordAuthenticator" },
  ],
  ["auth-success", { kind: "authenticated" }],
  ["ready", { kind: "ready" }],
  ["rows", { kind: "rows", rows: [["events"]] }],
  [
    "register-before-login",
    {
      kind: "error",
      code: 10,
      text: "Unexpected message REGISTER, expecting STARTUP or OPTIONS",
    },
  ],
  [
    "options-mid-login",
    { kind: "error", code: 10, text: "Unexpected message OPTIONS, expecting SASL_RESPONSE" },
  ],
  [
    "bad-credentials",
    {
      kind: "error",
      code: 0x100,
      text: "Provided username portal and/or password are incorrect",
    },
  ],
  [
    "event-down",
    { kind: "event", type: "STATUS_CHANGE", change: "DOWN", address: "10.213.7.13", port: 9042 },
  ],
  [
    "event-up",
    { kind: "event", type: "STATUS_CHANGE", change: "UP", address: "10.213.7.13", port: 9042 },
  ],
];

for (const [name, message] of answers) {
  test(`a server's ${name} is read`, () => assert.deepEqual(read(recorded(name)), message));

  test(`no beginning of a ${name} is read as a frame`, () => {
    const whole = recorded(name);
    for (let length = 0; length < whole.length; length++)
      assert.equal(readFrame(whole.subarray(0, length)).kind, "partial", `at ${length}`);
  });

  test(`a ${name} whose body ends early is unreadable, wherever it ends`, () => {
    const { body, opcode } = frameOf(recorded(name));
    for (let length = 0; length < body.length; length++) {
      const cut = readMessage({ flags: 0, stream: 0, opcode, body: body.subarray(0, length) });
      // A login that succeeded says nothing more that is needed.
      if (opcode !== OPCODE.authSuccess) assert.equal(cut.kind, "unreadable", `at ${length}`);
    }
  });
}

test("frames that came together are read one after the other", () => {
  const both = Buffer.concat([recorded("ready"), recorded("rows").subarray(0, 12)]);
  const first = readFrame(both);

  assert.ok(first.kind === "frame");
  assert.equal(first.frame.opcode, OPCODE.ready);
  assert.deepEqual(readFrame(first.rest), { kind: "partial" });
});

for (const [what, bytes] of [
  ["PostgreSQL's answer", Buffer.from("N")],
  ["an HTTP answer", Buffer.from("HTTP/1.1 400 Bad Request\r\n")],
  ["a request sent back", options(1)],
  ["a TLS alert", Buffer.from("15030300020228", "hex")],
  ["RESP", Buffer.from("-ERR unknown command")],
] as const)
  test(`${what} is known as another protocol by its first byte`, () => {
    assert.deepEqual(readFrame(bytes), { kind: "other", why: "is not CQL" });
    assert.equal(readFrame(bytes.subarray(0, 1)).kind, "other");
  });

test("a frame that claims to be huge is refused before it comes", () => {
  const header = Buffer.from("84000001067fffffff", "hex");

  assert.deepEqual(readFrame(header), { kind: "other", why: "is a frame of 2147483647 bytes" });
});

for (const [what, opcode, body] of [
  [
    "rows of a type with parameters",
    OPCODE.result,
    "000000020000000100000001000161000162000163002000000000",
  ],
  ["more rows than it has bytes", OPCODE.result, "0000000200000004000000017fffffff"],
  ["a negative number of columns", OPCODE.result, "0000000200000000ffffffff00000000"],
  ["an address of 5 bytes", OPCODE.event, "000d5354415455535f4348414e4745000255500501020304050000"],
  ["an event that nobody asked for", OPCODE.event, "000d534348454d415f4348414e4745"],
  ["a result without rows", OPCODE.result, "00000001"],
] as const)
  test(`unreadable: ${what}`, () => {
    const frame = { flags: 0, stream: 1, opcode, body: Buffer.from(body, "hex") };
    assert.equal(readMessage(frame).kind, "unreadable");
  });

test("warnings, a trace and a payload before the body are passed over", () => {
  const { body, opcode } = frameOf(recorded("rows"));
  const before = Buffer.from(`${"00".repeat(16)}00010002686900010001610000000162`, "hex");
  const frame = { flags: 0x0e, stream: 1, opcode, body: Buffer.concat([before, body]) };

  assert.deepEqual(readMessage(frame), { kind: "rows", rows: [["events"]] });
});

test("whatever bytes come, reading never throws and never takes off more than there is", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(RECORDED)),
      fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 8 }),
      fc.uint8Array({ maxLength: 300 }),
      (name, changes, tail) => {
        const bytes = Buffer.concat([recorded(name), tail]);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        const read = readFrame(bytes);
        if (read.kind !== "frame") return;
        assert.ok(read.rest.length < bytes.length);
        readMessage(read.frame);
      },
    ),
    { numRuns: 2000 },
  );
});

test("requests are what the specification of version 4 says", () => {
  const hex = (bytes: Buffer) => bytes.toString("hex");

  assert.equal(hex(options(1)), "040000010500000000");
  assert.equal(hex(startup(2)), "0400000201000000160001000b43514c5f56455253494f4e0005332e302e30");
  assert.equal(hex(authResponse("u", "p")(3)), `040000030f0000000800000004${"00750070"}`);
  assert.match(hex(register(4)), /^040000040b/);
  assert.match(clusterName(5).toString("latin1"), /SELECT cluster_name FROM system\.local/);
});

function frameOf(bytes: Buffer) {
  const read = readFrame(bytes);
  assert.ok(read.kind === "frame");
  return read.frame;
}

test("a frame that is written is read as it was", () => {
  const body = Buffer.from("abc");
  const bytes = encodeFrame(7, OPCODE.ready, body);
  bytes[0] = 0x84;

  assert.deepEqual(frameOf(bytes), { flags: 0, stream: 7, opcode: OPCODE.ready, body });
});
