import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";

import { execa } from "execa";

import { actionlint } from "./actionlint.ts";

const PROJECT = resolve(import.meta.dirname, "../..");
const FOLDER = join(PROJECT, ".github/workflows");
const files = (await readdir(FOLDER)).map((name) => join(FOLDER, name));

test("actionlint has nothing to say of the workflows", async () => {
  const linter = await actionlint();
  const { stdout, exitCode } = await execa(linter, ["-no-color", ...files], {
    cwd: PROJECT,
    reject: false,
  });
  assert.equal(stdout, "");
  assert.equal(exitCode, 0);
});

for (const file of files) {
  const text = await readFile(file, "utf8");

  test("every action is pinned by its commit, with its version beside it", () => {
    const used = text.match(/^\s*(?:- )?uses: .*$/gm) ?? [];
    assert.ok(used.length > 0);
    for (const line of used)
      assert.match(line, /uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test("no right but those that a job asks for", () => {
    assert.match(text, /^permissions: \{\}$/m);
    assert.doesNotMatch(text, /write-all|pull_request_target/);
  });

  // A branch's name or a label would be run as shell.
  test("nothing that a stranger may write is put into a script", () => {
    const scripts = text.match(/^\s*(?:- )?run: .*$/gm) ?? [];
    assert.ok(scripts.length > 0);
    for (const line of scripts) assert.ok(!line.includes("${{"), line);
  });

  // With pulumi/actions in install-only mode nothing logs in, and the CLI asks for a backend on a terminal that isn't there.
  test("every job that calls the CLI says where the state is", () => {
    assert.match(text, /^env:\n(?: {2}.*\n)* {2}PULUMI_BACKEND_URL: /m);
    assert.doesNotMatch(text, /cloud-url/);
  });

  test("the script that previews a pull request is the base branch's", () => {
    const [, preview = ""] = /^ {2}preview:\n([\s\S]*?)\n\n {2}# .*\n {2}\w+:$/m.exec(text) ?? [];
    assert.match(
      preview,
      /ref: \$\{\{ github\.event\.pull_request\.base\.sha \|\| github\.sha \}\}\n\s+path: base$/m,
    );
    assert.deepEqual(preview.match(/\S*preview\.sh/g), ["base/.github/preview.sh"]);
  });

  test("what judges a pull request is the base branch's, in a job that runs none of its code", () => {
    const [, judge = ""] = /^ {2}judge:\n([\s\S]*?)\n\n {2}\w+:$/m.exec(text) ?? [];
    assert.match(judge, /ref: \$\{\{ github\.event\.pull_request\.base\.sha \|\| github\.sha \}\}/);
    assert.match(judge, /run: \.github\/judge\.sh/);
    assert.doesNotMatch(judge, /role-to-assume|id-token|preview\.sh/);
  });

  test("an update is previewed and judged again right before it, and goes on past a refusal only where a person asks for that", () => {
    const [up = ""] = /^ {2}up:\n[\s\S]*$/m.exec(text) ?? [];
    const steps = up.split(/^ {6}- /m).slice(1);
    const [preview = "", judge = "", update = ""] = steps.slice(-3);
    assert.match(preview, /^run: \.github\/preview\.sh$/m);
    assert.match(judge, /^run: \.github\/judge\.sh$/m);
    assert.match(update, /^run: pulumi up /m);
    assert.match(
      judge,
      /continue-on-error: \$\{\{ github\.event_name == 'workflow_dispatch' && inputs\.despite-refusals \}\}/,
    );
    assert.doesNotMatch(preview + update, /continue-on-error|if: always/);
  });
}
