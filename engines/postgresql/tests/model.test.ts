import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { execa } from "execa";

import { apt } from "../../../tools/setup/docker.ts";
import { onPath } from "../../../tools/setup/paths.ts";

const MODEL = join(import.meta.dirname, "../model/failover.pml");
const TOOLS = { spin: ["spin"], gcc: ["gcc", "libc6-dev"] };
const DEADLINE_MS = 240_000;

/** One failover of three nodes, one write, and what may fail meanwhile. */
const ONE_FAILOVER = ["N=3", "MAXTL=2", "MAXPOS=1"];

/** Guards of the design. Without one of them an acknowledged write is lost within one failover. */
const GUARDS = [
  "NO_FENCE",
  "NO_DURABLE",
  "NO_WAIT",
  "NO_REPLAY",
  "NO_THRESHOLD",
  "NO_HIGHEST",
  "NO_REPUT",
  "NO_COMPARE_SYNC",
  "NO_COMPARE_VOTES",
  "NO_TOMBSTONE",
  "NO_WITHDRAWAL",
  "NO_LIFTING",
  "NO_CONFIRMED",
];

describe("the model of the fenced failover", () => {
  let folder: string;
  before(async () => {
    for (const [tool, packages] of Object.entries(TOOLS))
      if (!(await onPath(tool))) for (const name of packages) await apt(name);
    folder = await mkdtemp(join(tmpdir(), "portico-model-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test("no acknowledged write is lost, and no two leaders acknowledge", async (t) => {
    const { verdict, states } = await check(folder, [...ONE_FAILOVER, "FAULTS=1"]);
    t.diagnostic(`${states} states`);
    assert.equal(verdict, "holds in every state");
  });

  test("once nothing fails any more, somebody leads", async (t) => {
    const { verdict, states } = await check(folder, [...ONE_FAILOVER, "FAULTS=0", "CALM"]);
    t.diagnostic(`${states} states`);
    assert.equal(verdict, "holds in every state");
  });

  test("nobody leads any more: NO_CARRY", async () => {
    const { verdict } = await check(folder, [...ONE_FAILOVER, "FAULTS=0", "CALM", "NO_CARRY"]);
    assert.equal(verdict, "invalid end state");
  });

  for (const guard of GUARDS)
    test(`a write is lost: ${guard}`, async () => {
      const { verdict } = await check(folder, [...ONE_FAILOVER, "FAULTS=1", guard]);
      assert.match(verdict, /^assertion violated/);
    });

  test("Patroni's own election, as it is today, loses a write", async () => {
    const { verdict } = await check(folder, [...ONE_FAILOVER, "FAULTS=1", "LEASE_AS_TODAY"]);
    assert.match(verdict, /^assertion violated/);
  });
});

interface Result {
  /** What the checker found first; a search that it broke off is no proof. */
  readonly verdict: string;
  readonly states: number;
}

async function check(folder: string, defines: readonly string[]): Promise<Result> {
  const cwd = await mkdtemp(join(folder, "run-"));
  const run = (file: string, ...args: readonly string[]) =>
    execa(file, args, { cwd, all: true, timeout: DEADLINE_MS });
  await run("spin", "-a", ...defines.map((define) => `-D${define}`), MODEL);
  await run("gcc", "-O1", "-DSAFETY", "-DMEMLIM=4000", "-o", "pan", "pan.c");
  // Where nobody can take a step, the search for a lost write is at its bound; the other one looks for just that.
  const atBound = defines.includes("CALM") ? [] : ["-E"];
  const { all } = await run("./pan", ...atBound, "-m100000", "-w24");
  await rm(cwd, { recursive: true });
  const [, found] = /^pan:1: (.*?) \(at depth/m.exec(all) ?? [];
  const [, stored] = /^ *([\d.e+]+) states, stored/m.exec(all) ?? [];
  const whole = /errors: 0$/m.test(all) && !/not completed|too small|out of memory/.test(all);
  return {
    verdict: found ?? (whole ? "holds in every state" : `broken off:\n${all}`),
    states: Number(stored),
  };
}
