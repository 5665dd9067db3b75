import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { test } from "node:test";

import fc from "fast-check";

import { readPublicKey } from "../../proxy-image/src/ssh/public-key.ts";
import { opensshForms } from "../../tools/airgap/tls/keys.ts";

const lineOf = ({ privateKey }: { readonly privateKey: KeyObject }): string =>
  opensshForms(privateKey).publicKeyOpenssh.trim();

const field = (bytes: Buffer | string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, Buffer.from(bytes)]);
};
const blobOf = (line: string): Buffer => Buffer.from(line.split(" ")[1] ?? "", "base64");
const lineFrom = (type: string, ...fields: (Buffer | string)[]): string =>
  `${type} ${Buffer.concat(fields.map(field)).toString("base64")}`;

const ed25519 = lineOf(generateKeyPairSync("ed25519"));
const point256 = blobOf(lineOf(generateKeyPairSync("ec", { namedCurve: "P-256" }))).subarray(-65);
const SK = "sk-ssh-ed25519@openssh.com";
const SK_ECDSA = "sk-ecdsa-sha2-nistp256@openssh.com";

const KEYS: Readonly<Record<string, string>> = {
  "ssh-ed25519": ed25519,
  "ecdsa-sha2-nistp256": lineOf(generateKeyPairSync("ec", { namedCurve: "P-256" })),
  "ecdsa-sha2-nistp384": lineOf(generateKeyPairSync("ec", { namedCurve: "P-384" })),
  "ecdsa-sha2-nistp521": lineOf(generateKeyPairSync("ec", { namedCurve: "P-521" })),
  "ssh-rsa": lineOf(generateKeyPairSync("rsa", { modulusLength: 3072 })),
  [SK]: lineFrom(SK, SK, blobOf(ed25519).subarray(-32), "ssh:"),
  [SK_ECDSA]: lineFrom(SK_ECDSA, SK_ECDSA, "nistp256", point256, "ssh:"),
};

for (const [type, line] of Object.entries(KEYS)) {
  test(`a key of type ${type} is taken, its comment dropped`, () => {
    assert.deepEqual(readPublicKey(line), { kind: "key", line });
    assert.deepEqual(readPublicKey(` ${line} ann@laptop of hers\n`), { kind: "key", line });
  });

  test(`no part of a key of type ${type} is a key, and nothing may follow it`, () => {
    const blob = blobOf(line);
    for (let length = 0; length < blob.length; length++)
      assert.equal(
        readPublicKey(`${type} ${blob.subarray(0, length).toString("base64")}`).kind,
        "refused",
      );
    const longer = Buffer.concat([blob, field("more")]).toString("base64");
    assert.equal(readPublicKey(`${type} ${longer}`).kind, "refused");
    for (const other of Object.keys(KEYS))
      if (other !== type)
        assert.equal(readPublicKey(line.replace(type, other)).kind, "refused", `as ${other}`);
  });
}

const REFUSED: readonly (readonly [what: string, line: string, why: RegExp])[] = [
  [
    "a short RSA key",
    lineOf(generateKeyPairSync("rsa", { modulusLength: 2048 })),
    /2048 bits: 3072 at least/,
  ],
  ["options in front", `command="id" ${ed25519}`, /options in front/],
  ["a second line", `${ed25519}\n${ed25519}`, /more than one line/],
  [
    "a certificate",
    ed25519.replace("ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com"),
    /is a certificate/,
  ],
  ["DSA", "ssh-dss AAAA", /broken/],
  ["a private key", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl", /private key/],
  ["nothing", "", /must begin with its type/],
  ["a type alone", "ssh-ed25519", /no whole base64/],
  ["base64 with a tail", `${ed25519}!`, /no whole base64/],
  ["a property of every object", "constructor AAAA", /must begin with its type/],
];

for (const [what, line, why] of REFUSED)
  test(`${what} is refused, with the reason`, () => {
    const read = readPublicKey(line);
    assert.equal(read.kind, "refused");
    assert.match(read.kind === "refused" ? read.why : "", why);
  });

test("whatever is taken is one type and one base64, for any text and any bytes", () => {
  const bytes = fc.uint8Array({ maxLength: 120 }).map((all) => Buffer.from(all));
  const hostile = fc.tuple(fc.constantFrom(...Object.keys(KEYS)), bytes).map(([type, all]) => {
    const blob = Buffer.concat([field(type), all]);
    return `${type} ${blob.toString("base64")}`;
  });
  fc.assert(
    fc.property(fc.oneof(fc.string(), hostile), (line) => {
      const read = readPublicKey(line);
      if (read.kind === "key") assert.match(read.line, /^[a-z0-9@.-]+ [A-Za-z0-9+/=]+$/);
      else assert.ok(read.why.length > 0);
    }),
  );
});
