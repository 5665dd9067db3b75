import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { describe, RECORD, recordedIn } from "../../tools/test/record.ts";

const SUITE = `
import { describe, test } from "node:test";
import "./shared.mjs";
test("goes well", () => {});
describe("a suite", () => {
  test("fails", () => { throw new Error("not within 5 s: an answer"); });
  test("goes well too", () => {});
});
test("says much", () => { throw new Error(Array.from({ length: 30 }, (_, line) => "line " + line).join("\\n")); });
test("throws no error", () => { throw "a word"; });
test("waits", () => new Promise((done) => setTimeout(done, 200)));
`;

test("each test that failed by itself is noted with its file and reason, its suite isn't, and each file's time", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "record-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const noted = join(folder, "noted");
  writeFileSync(join(folder, "suite.test.mjs"), SUITE);
  writeFileSync(join(folder, "breaks.test.mjs"), "process.exit(3);");
  writeFileSync(
    join(folder, "shared.mjs"),
    'import { test } from "node:test"; test("shared", () => {});',
  );
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status } = spawnSync(
    process.execPath,
    [
      ...["--test", "--test-reporter=spec", "--test-reporter-destination=stdout"],
      ...[`--test-reporter=${RECORD}`, `--test-reporter-destination=${noted}`],
      ...[join(folder, "suite.test.mjs"), join(folder, "breaks.test.mjs")],
    ],
    { env },
  );
  assert.equal(status, 1);

  const { failures, times } = await recordedIn(noted);
  assert.deepEqual(
    failures
      .map(({ test }) => test)
      .map((name) => name.replace(/.*\//, ""))
      .sort(),
    ["breaks.test.mjs", "fails", "says much", "throws no error"],
  );
  const texts = failures.map(describe);
  assert.match(texts.join("\n"), /^✗ \S+suite\.test\.mjs: fails\n {4}not within 5 s: an answer$/m);
  assert.match(texts.join("\n"), /^✗ \S+suite\.test\.mjs: throws no error\n {4}a word$/m);
  const much = texts.find((text) => text.includes("says much"));
  assert.match(much ?? "", /line 11\n {4}…$/);

  const suite = times.find(({ file }) => file.endsWith("suite.test.mjs"));
  assert.deepEqual(Object.keys(suite?.tests ?? {}), [
    ...["goes well", "a suite", "says much", "throws no error"],
    "waits",
  ]);
  const waited = suite?.tests.waits ?? 0;
  assert.ok(waited >= 0.2, `${waited} s`);
  assert.ok((suite?.seconds ?? 0) > waited, "a file's time holds its process's start");
  assert.equal(times.length, 2, "what files share counts in their own time alone");
});

test("where files share a process, a file's time is that of its tests", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "record-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(
    join(folder, "noted"),
    [0.5, 1.25]
      .map((seconds, i) => JSON.stringify({ time: { file: "a", test: `${i}`, seconds } }))
      .join("\n"),
  );
  const { times } = await recordedIn(join(folder, "noted"));
  assert.deepEqual(times, [{ file: "a", seconds: 1.75, tests: { 0: 0.5, 1: 1.25 } }]);
});

test("a stage that noted nothing has no failures", async () => {
  const nothing = await recordedIn(join(tmpdir(), "nothing", "is", "here"));
  assert.deepEqual(nothing, { failures: [], times: [] });
});
