import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import type { PortalDocument } from "../../proxy-image/src/contract.ts";
import { formatDocument, parseDocument } from "../../proxy-image/src/contract.ts";
import { DOCUMENT as BARE } from "../judge/scenario.ts";

const DOCUMENT: PortalDocument = {
  ...BARE,
  nodes: { "orders-1": { address: "10.87.16.11", port: 5432 } },
  whitelist: {
    "203.0.113.0/24": "Berlin office",
    "2001:db8::/32": { note: "CI", until: "2027-02-01T00:00:00Z" },
  },
};
const TEXT = formatDocument(DOCUMENT);

test("what infra writes, the agent reads back the same", () => {
  assert.deepEqual(parseDocument(TEXT), { kind: "document", document: DOCUMENT });
});

test("an endpoint of one node names a node of the document, not what every object has", () => {
  const endpoints = { one: { port: 5432, route: "node", node: "constructor" } } as const;
  const parsed = parseDocument(formatDocument({ ...DOCUMENT, endpoints }));

  assert.match(parsed.kind === "refused" ? parsed.why : "", /must name a node of the document/);
});

test("one whitelist entry is one line, and keys are sorted, so that an edit is one line of a diff", () => {
  const edited = formatDocument({
    ...DOCUMENT,
    whitelist: { "198.51.100.7/32": "runner", ...DOCUMENT.whitelist },
  });
  const lines = new Set(TEXT.split("\n"));

  assert.deepEqual(
    edited.split("\n").filter((line) => !lines.has(line)),
    ['    "198.51.100.7/32": "runner",'],
  );
});

test("no prefix of a document is ever taken for a document", () => {
  for (let length = 0; length < TEXT.trimEnd().length; length++) {
    assert.equal(parseDocument(TEXT.slice(0, length)).kind, "refused", `at ${length}`);
  }
});

test("any text is either a document or refused with a reason, never an exception", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      const parsed = parseDocument(text);
      assert.equal(parsed.kind, "refused");
      assert.ok(parsed.kind === "refused" && parsed.why.length > 0);
    }),
  );
});

for (const [title, change, why] of [
  ["a newer contract", { contract: 2 }, /has contract 2, this portal reads contract 1/],
  ["an older contract", { contract: 0 }, /has contract 0/],
  ["an unknown engine", { engine: "oracle" }, /engine: /],
  ["an unknown key", { whitelst: {} }, /whitelst/],
  ["host bits in a block", { whitelist: { "203.0.113.7/24": "x" } }, /canonical/],
  ["a mapped block", { whitelist: { "::ffff:203.0.113.0/120": "x" } }, /canonical/],
  [
    "a name where an address belongs",
    { nodes: { "orders-1": { address: "db.example", port: 1 } } },
    /address/,
  ],
  [
    "an until that is no instant",
    { whitelist: { "203.0.113.0/24": { note: "", until: "soon" } } },
    /whitelist/,
  ],
  ["no whitelist", { whitelist: undefined }, /whitelist/],
] as const) {
  test(`a document with ${title} is refused, and says why`, () => {
    const parsed = parseDocument(JSON.stringify({ ...DOCUMENT, ...change }));

    assert.equal(parsed.kind, "refused");
    assert.match(parsed.kind === "refused" ? parsed.why : "", why);
  });
}
