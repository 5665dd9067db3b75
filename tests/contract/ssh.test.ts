import assert from "node:assert/strict";
import { test } from "node:test";

import { sessionOf } from "../../proxy-image/src/apply/ssh.ts";
import { formatDocument, parseDocument } from "../../proxy-image/src/contract.ts";
import { authorizedBy, fingerprintOf, planSsh } from "../../proxy-image/src/plan/ssh.ts";
import { DOCUMENT as BARE } from "../judge/scenario.ts";

/** A key and what `ssh-keygen -l` says of it. */
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJRyqiw0lSQelyKiO8JaYyLFoxbX7KIBVzXPGEiur9DR";
const PRINT = "SHA256:/9fO8t6BZfQihqPnDGQD0PFMn0xj/LVHADC79DDBEYo";

const DOCUMENT = { ...BARE, nodes: { "orders-1": { address: "10.87.16.11", port: 5432 } } };

const withKeys = (keys: Readonly<Record<string, string>>) => ({
  ...DOCUMENT,
  ssh: { port: 2222, keys },
});

test("a document with keys is read back the same, and one without has no SSH portal", () => {
  const document = withKeys({ ann: KEY });
  assert.deepEqual(parseDocument(formatDocument(document)), { kind: "document", document });
  assert.equal(authorizedBy(DOCUMENT), undefined);
});

for (const [what, name, line] of [
  ["a second line", "ann", `${KEY}\n${KEY}`],
  ["options", "ann", `permitopen="*:*" ${KEY}`],
  ["a comment", "ann", `${KEY} ann@laptop`],
  ["a name of two words", "ann smith", KEY],
  ["a name of two lines", "ann\nssh-rsa", KEY],
] as const)
  test(`a key with ${what} never gets as far as sshd's file`, () => {
    const parsed = parseDocument(formatDocument(withKeys({ [name]: line })));
    assert.match(parsed.kind === "refused" ? parsed.why : "taken", /^ssh\.keys/);
  });

test("sshd is told which endpoints a key may forward to, and to allow nothing else", () => {
  const authorized = authorizedBy({
    ...withKeys({ ann: KEY }),
    endpoints: {
      primary: { port: 5432, route: "primary" },
      replica: { port: 5433, route: "replica" },
    },
  });

  assert.deepEqual(authorized, {
    keys: `restrict,port-forwarding,permitopen="127.0.0.1:5432",permitopen="127.0.0.1:5433" ${KEY} ann\n`,
    names: `${PRINT} ann\n5432 primary\n5433 replica\n`,
  });
  assert.equal(fingerprintOf(KEY), PRINT);
});

test("a session's record is read whole or not at all", () => {
  const text = `${PRINT} ann\n`;
  const session = { fingerprint: PRINT, name: "ann" };
  assert.deepEqual(sessionOf("203.0.113.7,50123", text), {
    source: "203.0.113.7",
    port: 50123,
    ...session,
  });
  assert.deepEqual(sessionOf("2001:db8::7,9", text), {
    source: "2001:db8::7",
    port: 9,
    ...session,
  });
  for (let length = 0; length < text.length; length++)
    assert.equal(sessionOf("203.0.113.7,50123", text.slice(0, length)), undefined);
  for (const file of ["", ",", "host_key.17", "203.0.113.7", "../x,1", "203.0.113.7,1;id"])
    assert.equal(sessionOf(file, text), undefined, file);
});

test("sessions end whose key is not listed any more, and all of them where there is no SSH portal", () => {
  const ann = { source: "203.0.113.7", port: 50123, fingerprint: PRINT, name: "ann" };
  const bob = { source: "203.0.113.8", port: 50124, fingerprint: "SHA256:another", name: "bob" };

  assert.deepEqual(planSsh(withKeys({ ann: KEY }), [ann]), []);
  assert.deepEqual(planSsh(withKeys({ ann: KEY }), [ann, bob]), [
    { kind: "endSsh", clients: [bob] },
  ]);
  assert.deepEqual(planSsh(DOCUMENT, [ann, bob]), [{ kind: "endSsh", clients: [ann, bob] }]);
});
