import assert from "node:assert/strict";
import { test } from "node:test";

import { judge } from "../../tools/guard/judge.ts";
import { parsePreview } from "../../tools/guard/preview.ts";
import { resource } from "./preview.ts";

const step = resource("create", "aws:kms/key:Key", "key");

const broken: readonly (readonly [title: string, text: string, why: RegExp])[] = [
  ["an empty file", " \n", /^is empty/],
  [
    "a file that was cut off",
    JSON.stringify({ steps: [step] }).slice(0, -20),
    /^is not JSON, or cut off/,
  ],
  ["something else", '["a list"]', /^is no preview/],
  ["a stack export", '{"version":3,"deployment":{}}', /it has no steps/],
  ["a preview of nothing", '{"steps":[]}', /it has no steps/],
  ["a step without a URN", JSON.stringify({ steps: [{ op: "create" }] }), /steps\.0\.urn/],
  [
    "an operation of a later CLI",
    JSON.stringify({ steps: [{ ...step, op: "move" }] }),
    /steps\.0\.op/,
  ],
];

for (const [title, text, why] of broken)
  test(`can't be judged: ${title}`, () => {
    const read = parsePreview(text);
    assert.equal(read.kind, "unreadable");
    assert.match(read.kind === "unreadable" ? read.why : "", why);
  });

test("unknown fields of a later CLI do no harm", () => {
  const read = parsePreview(JSON.stringify({ steps: [{ ...step, later: 1 }], later: {} }));
  assert.equal(read.kind, "preview");
});

const failed = [{ message: "error: no such zone\n", severity: "error" }];
const warned = [{ message: "warning: using a plugin from $PATH", severity: "warning" }];
const judged = (steps: readonly object[], diagnostics: readonly object[]) => {
  const read = parsePreview(JSON.stringify({ steps, diagnostics }));
  if (read.kind !== "preview") throw new Error(read.why);
  return judge(read.preview, { whitelistOnly: false });
};

test("a preview that failed can't be judged, since it doesn't show all", () => {
  assert.deepEqual(judged([step], failed), {
    kind: "unknown",
    why: "the preview failed: no such zone",
  });
});

test("a preview that failed is refused for what it does show", () => {
  const verdict = judged([{ ...step, op: "delete" }], failed);
  assert.equal(verdict.kind, "refused");
  assert.deepEqual(verdict.kind === "refused" && verdict.errors, ["no such zone"]);
});

test("a warning is no failure", () => {
  assert.equal(judged([step], warned).kind, "fine");
});

test("what was lost unseen and would be made anew counts as deleted", () => {
  const volume = (op: string) =>
    resource(op, "docker:index/volume:Volume", "orders-1-data", { new: { name: "x" } });
  const verdict = judged([{ ...volume("refresh"), op: "delete" }, volume("create")], []);
  assert.equal(verdict.kind, "refused");
});
