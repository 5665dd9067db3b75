import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { execa } from "execa";

import { guard, PROJECT, portico } from "./portico.ts";
import { resource } from "./preview.ts";
import { whitelistEdit } from "./whitelist-edit.ts";

const edit = await whitelistEdit();
const role = resource("update", "aws:iam/role:Role", "orders-1");

test("the command's exit codes", async (t) => {
  await t.test("0: nothing is refused", async () => {
    const { exitCode, stdout } = await guard(edit);
    assert.equal(exitCode, 0);
    assert.match(stdout, /^\+ 203\.0\.113\.0\/24 Berlin office → orders$/m);
  });
  await t.test("1: refused", async () => {
    const { exitCode, stdout } = await guard(
      { ...edit, steps: [...edit.steps, role] },
      "--whitelist-only",
    );
    assert.equal(exitCode, 1);
    assert.match(stdout, /✗ Role orders-1 would be updated/);
  });
  await t.test("2: a file that can't be read", async () => {
    const { exitCode, stdout } = await guard('{"steps": [');
    assert.equal(exitCode, 2);
    assert.match(stdout, /^Can't be judged: .*preview\.json: is not JSON, or cut off/);
  });
  await t.test("2: a preview whose config can't be used", async () => {
    const { exitCode, stdout } = await guard({ steps: edit.steps });
    assert.equal(exitCode, 2);
    assert.match(stdout, /^Can't be judged: .*config/);
  });
  await t.test("2: no file, and no such option", async () => {
    assert.equal((await portico("guard", "/nowhere/preview.json")).exitCode, 2);
    assert.equal((await portico("guard", "--whitelst-only", "x")).exitCode, 2);
    assert.equal((await portico("guard")).exitCode, 2);
  });
  await t.test("--help says what they mean", async () => {
    const { exitCode, stdout } = await portico("guard", "--help");
    assert.equal(exitCode, 0);
    assert.match(stdout, /0 {2}nothing is refused\n {2}1 {2}refused.*\n {2}2 {2}can't be judged/);
  });
});

test("a comment for a pull request", async () => {
  const { exitCode, stdout } = await guard(edit, "--markdown");
  assert.equal(exitCode, 0);
  assert.match(stdout, /^### ✅ Nothing is refused\n\n```diff\n\+ 203/);
});

test("npx finds the command in this project", async () => {
  const { bin } = JSON.parse(await readFile(join(PROJECT, "package.json"), "utf8"));
  assert.deepEqual(bin, { portico: "tools/portico.js" });
  const { exitCode } = await execa("npx", ["--no-install", "portico", "guard", "--help"], {
    cwd: PROJECT,
    reject: false,
  });
  assert.equal(exitCode, 0);
});
