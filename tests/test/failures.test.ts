import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { FAILURES, failuresIn, told } from "../../tools/test/failures.ts";

const SUITE = `
import { describe, test } from "node:test";
test("goes well", () => {});
describe("a suite", () => {
  test("fails", () => { throw new Error("not within 5 s: an answer"); });
  test("goes well too", () => {});
});
test("says much", () => { throw new Error(Array.from({ length: 30 }, (_, line) => "line " + line).join("\\n")); });
test("throws no error", () => { throw "a word"; });
`;

test("each test that failed by itself is noted with its file and its reason, its suite isn't", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "failures-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const noted = join(folder, "noted");
  writeFileSync(join(folder, "suite.test.mjs"), SUITE);
  writeFileSync(join(folder, "breaks.test.mjs"), "process.exit(3);");
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status } = spawnSync(
    process.execPath,
    [
      ...["--test", "--test-reporter=spec", "--test-reporter-destination=stdout"],
      ...[`--test-reporter=${FAILURES}`, `--test-reporter-destination=${noted}`],
      ...[join(folder, "suite.test.mjs"), join(folder, "breaks.test.mjs")],
    ],
    { env },
  );
  assert.equal(status, 1);

  const failures = await failuresIn(noted);
  assert.deepEqual(
    failures
      .map(({ test }) => test)
      .map((name) => name.replace(/.*\//, ""))
      .sort(),
    ["breaks.test.mjs", "fails", "says much", "throws no error"],
  );
  const words = failures.map(told);
  assert.match(words.join("\n"), /^✗ \S+suite\.test\.mjs: fails\n {4}not within 5 s: an answer$/m);
  assert.match(words.join("\n"), /^✗ \S+suite\.test\.mjs: throws no error\n {4}a word$/m);
  const much = words.find((word) => word.includes("says much"));
  assert.match(much ?? "", /line 11\n {4}…$/);
});

test("a stage that noted nothing has no failures", async () => {
  assert.deepEqual(await failuresIn(join(tmpdir(), "nothing", "is", "here")), []);
});
