import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArgs } from "node:util";
import { execa } from "execa";

import { explain } from "../../tools/command/run.ts";

test("of a program that failed a person sees why, and not its output, which may hold secrets", async () => {
  const failed = await execa("sh", ["-c", "echo s3cret; echo the reason >&2; exit 3"]).then(
    () => assert.fail("it did not fail"),
    (error: unknown) => explain(error),
  );

  assert.match(failed, /exit code 3[\s\S]*the reason$/);
  assert.doesNotMatch(failed.replace(/sh -c '.*'/, ""), /s3cret/);
});

test("a wrong option is told in a sentence", () => {
  const wrong = () => parseArgs({ args: ["--help"], options: {} });
  assert.throws(wrong, (error) => explain(error) === "✗ Unknown option '--help'");
});
