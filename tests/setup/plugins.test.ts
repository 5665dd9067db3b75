import assert from "node:assert/strict";
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import type { PulumiCli } from "../../tools/setup/pulumi.ts";
import { isFresh, obtain, standInLine, within } from "../../tools/setup/pulumi.ts";

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

const OWN: PulumiCli = { file: "/own/pulumi", installed: true };
const BUILT: PulumiCli = { file: "/built/pulumi", installed: false };

/** What was asked for, in order, and what came of it. */
async function obtained(world: { failed?: boolean; reachable?: boolean; broken?: boolean }) {
  const asked: string[] = [];
  const ask = <Answer>(what: string, answer: Answer): Promise<Answer> => {
    asked.push(what);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const cli = await obtain({
    failedToday: async () => world.failed ?? false,
    reachable: () => ask("reachable", world.reachable ?? false),
    download: () => ask<PulumiCli>("download", world.broken ? (new Error("404") as never) : OWN),
    remember: () => ask("remember", undefined),
    build: () => ask("build", BUILT),
  });
  return { cli, asked };
}

test("Pulumi's own CLI comes first, its Go modules where it can't be had, and a failure is not repeated", async () => {
  assert.deepEqual(await obtained({ reachable: true }), {
    cli: OWN,
    asked: ["reachable", "download"],
  });
  assert.deepEqual(await obtained({ reachable: false }), {
    cli: BUILT,
    asked: ["reachable", "remember", "build"],
  });
  assert.deepEqual(await obtained({ reachable: true, broken: true }), {
    cli: BUILT,
    asked: ["reachable", "download", "remember", "build"],
  });
  assert.deepEqual(await obtained({ failed: true, reachable: true }), {
    cli: BUILT,
    asked: ["build"],
  });
});

test("a download that hangs is given up", async () => {
  await assert.rejects(within(50, new Promise(() => {})), /not within 0\.05 s/);
  assert.equal(await within(60_000, Promise.resolve("there")), "there");
});
