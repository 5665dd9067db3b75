import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import { clientFinal, question } from "../../../../proxy-image/src/engines/rethinkdb/handshake.ts";
import type { ServerAnswer } from "../../../../proxy-image/src/engines/rethinkdb/queries.ts";
import { QUERIES } from "../../../../proxy-image/src/engines/rethinkdb/queries.ts";
import { scramFor } from "../../../common/stand-in/scram.ts";
import { handshake } from "../../stand-in/handshake.ts";

const LOGIN = { user: "portal", password: "s3cret" };
const ASKED = question(LOGIN, "rOprNGfwEbeRWgbNEkqO");
const INFO = frame(1, { t: 5, r: [{ id: "f0", name: "carts-1", proxy: false }] });
const NAMES = frame(2, { t: 1, r: [["carts-1", "carts-2"]] });
const ANSWER: ServerAnswer = { kind: "server", name: "carts-1", connected: ["carts-1", "carts-2"] };

/** What a server answers until it knows who asks, and then. */
function handshakeOf(passwords: Readonly<Record<string, string>> = { portal: "s3cret" }) {
  const answer = handshake(scramFor(() => passwords)());
  const says = (content: Buffer): readonly [Buffer, Buffer] => {
    const step = answer(content);
    assert.notEqual(step.kind, "more");
    const rest = step.kind === "reply" ? step.rest : Buffer.alloc(0);
    return [Buffer.from("text" in step ? step.text : ""), rest];
  };
  const [version, rest] = says(Buffer.from(ASKED.request));
  const [challenge] = says(rest);
  const before = Buffer.concat([version, challenge]);
  const [proof] = says(Buffer.from(ASKED.followUp?.(before, 0) ?? ""));
  return { before, proof };
}

function frame(token: number, response: object): Buffer {
  const json = Buffer.from(JSON.stringify(response));
  const head = Buffer.alloc(12);
  head.writeUInt32LE(token, 0);
  head.writeUInt32LE(json.length, 8);
  return Buffer.concat([head, json]);
}

const { before, proof } = handshakeOf();
const entered = Buffer.concat([before, proof]);
const whole = Buffer.concat([entered, INFO, NAMES]);

test("SCRAM-SHA-256 is RFC 7677's", () => {
  const first =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

  assert.deepEqual(
    clientFinal({ user: "user", password: "pencil" }, "rOprNGfwEbeRWgbNEkqO", first),
    {
      message:
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
      answer: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    },
  );
});

test("a driver's first word is the handshake's version", () => {
  assert.equal(Buffer.from(ASKED.request).toString("hex", 0, 4), "c3bdc234");
});

test("a server that lets the portal in says its name and with whom it is connected", () => {
  assert.deepEqual(ASKED.decode(whole), ANSWER);
  assert.deepEqual(ASKED.decode(Buffer.concat([entered, NAMES, INFO])), ANSWER);
  assert.deepEqual(ASKED.decode(Buffer.concat([whole, NAMES])), ANSWER);
});

test("no prefix of a server's answers is taken for anything", () => {
  for (let length = 0; length < whole.length; length++)
    assert.equal(ASKED.decode(whole.subarray(0, length)), undefined, `${length} bytes`);
});

test("the proof is given once the server has asked for it, and not a byte before", () => {
  for (let length = 0; length < before.length; length++)
    assert.equal(ASKED.followUp?.(before.subarray(0, length), 0), undefined, `${length} bytes`);
  assert.match(String(ASKED.followUp?.(before, 0)), /^\{"authentication":"c=biws,r=.*,p=.*"\}\0$/);
});

test("a server is asked once it has proved to know the password, and not a byte before", () => {
  for (let length = 0; length < entered.length; length++)
    assert.equal(ASKED.followUp?.(entered.subarray(0, length), 1), undefined, `${length} bytes`);
  assert.deepEqual(ASKED.followUp?.(entered, 1), QUERIES);
  assert.equal(ASKED.followUp?.(entered, 2), undefined);
  assert.equal(ASKED.followUp?.(liar, 1), undefined);
});

const json = (content: object): Buffer => Buffer.from(`${JSON.stringify(content)}\0`);
const version = before.subarray(0, before.indexOf(0) + 1);
const challenge = (authentication: string): Buffer =>
  Buffer.concat([version, json({ authentication, success: true })]);
const afterLogin = (...bytes: readonly Buffer[]): Buffer => Buffer.concat([entered, ...bytes]);
const wrong = handshakeOf({ portal: "another" });
const unknown = handshakeOf({});
const liar = Buffer.concat([before, json({ authentication: "v=AAAA", success: true })]);
const NONCE = "r=rOprNGfwEbeRWgbNEkqOxyz";

const others: Readonly<Record<string, readonly [Buffer, RegExp]>> = {
  "a web server": [Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"), /doesn't speak RethinkDB's/],
  "an SSH server": [Buffer.from("SSH-2.0-OpenSSH_10.0\r\n"), /doesn't speak RethinkDB's/],
  "a TLS alert": [Buffer.from("15030300020228", "hex"), /doesn't speak RethinkDB's/],
  "a RethinkDB before 2.3": [
    Buffer.from("ERROR: Received an unsupported protocol version.\n\0"),
    /doesn't speak RethinkDB's/,
  ],
  "JSON of something else": [json({ status: "green" }), /doesn't speak RethinkDB's/],
  "JSON that never ends": [Buffer.alloc(3000, "{"), /doesn't speak RethinkDB's/],
  "a handshake of another version": [
    json({ success: true, min_protocol_version: 1, max_protocol_version: 2 }),
    /no version of the handshake/,
  ],
  "a server of another deployment": [
    Buffer.concat([wrong.before, wrong.proof]),
    /^doesn't let the portal in: Wrong password$/,
  ],
  "a server that knows no such user": [
    Buffer.concat([unknown.before, unknown.proof]),
    /doesn't let the portal in/,
  ],
  "a server that lets everybody in": [
    Buffer.concat([liar, INFO, NAMES]),
    /doesn't know the portal's password: it is of another deployment/,
  ],
  "a nonce that isn't ours": [challenge("r=other,s=AAAA,i=4096"), /another login/],
  "a nonce that is ours alone": [
    challenge("r=rOprNGfwEbeRWgbNEkqO,s=AAAA,i=4096"),
    /another login/,
  ],
  "a login that takes a minute": [challenge(`${NONCE},s=AAAA,i=99999`), /another login/],
  "a login of no rounds": [challenge(`${NONCE},s=AAAA,i=0`), /another login/],
  "an answer that nobody asked for": [afterLogin(frame(3, { t: 1, r: [] })), /nobody asked/],
  "an answer given twice": [afterLogin(INFO, INFO), /nobody asked/],
  "an answer of 4 GB": [afterLogin(Buffer.from("0200000000000000ffffffff", "hex")), /nobody asked/],
  "a portal without rights": [
    afterLogin(INFO, frame(2, { t: 18, r: ["User `portal` may not"], b: [] })),
    /^doesn't say who is connected: User `portal` may not$/,
  ],
  "a server without a name": [
    afterLogin(frame(1, { t: 5, r: [{ id: "f0" }] }), NAMES),
    /doesn't say who it is/,
  ],
  "names that are none": [
    afterLogin(INFO, frame(2, { t: 1, r: [[1, 2]] })),
    /doesn't say who is connected/,
  ],
};
for (const [what, [bytes, why]] of Object.entries(others))
  test(`${what} is no server of ours`, () => {
    const content = ASKED.decode(bytes);

    assert.ok(content?.kind === "other", content?.kind);
    assert.match(content.why, why);
  });

test("no bytes, and no change of a server's answers, make it throw or take long", () => {
  const poll = (bytes: Uint8Array): void => {
    ASKED.followUp?.(bytes, 0);
    ASKED.followUp?.(bytes, 1);
    ASKED.decode(bytes);
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), poll));
  const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 3 }), (changes) => {
      const bytes = Buffer.from(whole);
      for (const [at, byte] of changes) bytes[at] = byte;
      poll(bytes);
    }),
    { numRuns: 2000 },
  );
});
