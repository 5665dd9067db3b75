import assert from "node:assert/strict";
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { isFresh, standInLine } from "../../tools/setup/plugins.ts";

const HOUR = 3_600_000;

test("a download that failed is tried again after a day", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "plugins-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "stand-ins");
  const now = Date.now();
  assert.equal(await isFresh(file, now), false, "nothing has failed yet");

  await writeFile(file, "");
  await utimes(file, now / 1000, (now - 23 * HOUR) / 1000);
  assert.equal(await isFresh(file, now), true);
  await utimes(file, now / 1000, (now - 25 * HOUR) / 1000);
  assert.equal(await isFresh(file, now), false);
});

test("whoever works with stand-ins is told which file to remove for the real plugins", () => {
  assert.match(standInLine({ kind: "stand-ins", remembered: "/x/stand-ins" }), /\/x\/stand-ins/);
  assert.doesNotMatch(standInLine({ kind: "stand-ins" }), /removed/);
});
