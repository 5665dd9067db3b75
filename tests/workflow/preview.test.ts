import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { test } from "node:test";

import { execa } from "execa";

import { resource } from "../guard/preview.ts";
import { whitelistEdit } from "../guard/whitelist-edit.ts";

const PROJECT = resolve(import.meta.dirname, "../..");
const edit = await whitelistEdit();
const edited = edit.steps;
const another = (await whitelistEdit({ generation: 7 })).steps;
const role = resource("update", "aws:iam/role:Role", "orders-1");
const key = resource("delete", "aws:kms/key:Key", "key");

/** What the CLI prints and exits with, by stack. */
type Stacks = Readonly<
  Record<string, { readonly steps: readonly object[]; readonly code?: number }>
>;

/** Runs the scripts of the workflow with a stand-in for the CLI, which writes down how it was called. */
async function preview(stacks: Stacks, env: Readonly<Record<string, string>> = {}) {
  const folder = await mkdtemp(join(tmpdir(), "portico-workflow-"));
  const file = (name: string) => join(folder, name);
  try {
    for (const [name, { steps, code = 0 }] of Object.entries(stacks)) {
      await writeFile(file(`${name}.json`), JSON.stringify({ ...edit, steps }));
      await writeFile(file(`${name}.code`), `${code}`);
    }
    await writeFile(
      file("pulumi"),
      `#!/bin/sh\necho "$@" >>'${folder}/calls'\ncat "${folder}/$3.json"\nexit "$(cat "${folder}/$3.code")"\n`,
      { mode: 0o755 },
    );
    const script = (name: string) =>
      execa(join(PROJECT, ".github", name), {
        cwd: PROJECT,
        env: {
          ...{
            STACKS: Object.keys(stacks).join(" "),
            PREVIEWS: file("previews"),
            PATH: `${folder}${delimiter}${process.env.PATH}`,
          },
          ...{ GITHUB_OUTPUT: file("output"), GITHUB_STEP_SUMMARY: file("summary") },
          ...env,
        },
        reject: false,
      });
    assert.equal((await script("preview.sh")).exitCode, 0);
    const { exitCode } = await script("judge.sh");
    const read = (name: string) => readFile(file(name), "utf8");
    return {
      exitCode,
      output: await read("output"),
      summary: await read("summary"),
      calls: await read("calls"),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("every stack is previewed and judged, in one summary", async () => {
  const { exitCode, output, summary, calls } = await preview({
    staging: { steps: edited },
    production: { steps: another },
  });

  assert.equal(exitCode, 0);
  assert.match(summary, /## staging\n\n### ✅ [\s\S]*\+ 203[\s\S]*## production\n\n### ✅ /);
  const [, end = ""] = /^summary<<([0-9a-f]{32})\n/.exec(output) ?? [];
  assert.equal(output, `summary<<${end}\n${summary}\n${end}\n`);
  assert.equal(
    calls,
    ["staging", "production"]
      .map((stack) => `preview --stack ${stack} --non-interactive --json --show-sames\n`)
      .join(""),
  );
});

test("one refused stack fails the run, and the others are judged all the same", async () => {
  const { exitCode, summary } = await preview({
    staging: { steps: [key] },
    production: { steps: [] },
  });

  assert.equal(exitCode, 2, "a preview without a step is none");
  assert.match(summary, /## staging\n\n### ⛔ Refused/);
  assert.match(summary, /## production\n\n### ❓ /);
});

test("the label for whitelists allows nothing else", async () => {
  const stacks = { staging: { steps: another } };

  assert.equal((await preview(stacks, { WHITELIST_ONLY: "true" })).exitCode, 1);
  assert.equal((await preview(stacks, { WHITELIST_ONLY: "false" })).exitCode, 0);
});

test("at night a change is a failure, with what it is in the summary", async () => {
  const { exitCode, summary, calls } = await preview(
    { staging: { steps: [role], code: 7 } },
    { EXPECT_NO_CHANGES: "true" },
  );

  assert.equal(exitCode, 7);
  assert.match(summary, /orders: 1 to change/);
  assert.match(calls, /--refresh --expect-no-changes\n$/);
});
