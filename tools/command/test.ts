// `npm test [-- <paths>] [--test-name-pattern=<words>]`: lint and types, then every test, or those below the paths: fast layers
// first, end to end last. Without paths the heaviest engines are left out, unless there is `--all`. Other options go to `node --test`.
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";

import { onEnd } from "../local/change.ts";
import { type Machine, setUp } from "../setup/machine.ts";
import { PROJECT } from "../setup/paths.ts";
import { say } from "../setup/step.ts";
import { type FileTime, RECORD, recordedIn, told } from "../test/record.ts";
import { run } from "./run.ts";

/** Tests that need the machine for themselves, and share one deployment: one process for all of them. */
const ALONE = /^tests\/e2e\//;

/** One deployment a file, one after the other. */
const ENGINES = /^(tests\/engines\/|engines\/[^/]+\/tests\/(deployment|frozen)\.test\.ts$)/;

/** Other people's clients, which are fetched from four registries: one deployment a file, one after the other. */
const CLIENTS = /^(tests\/clients\/|engines\/[^/]+\/tests\/clients\.test\.ts$)/;

/** Minutes each, of clients, a stand-in or the guard's mutations: only where they are named, or with `--all` (`npm run test:all`). */
const HEAVY = [
  /^engines\/mysql\/tests\/frozen\.test\.ts$/,
  /^engines\/scylladb\/tests\/(deployment\.test\.ts$|node-image\/)/,
  /^tests\/guard\/mutations\.test\.ts$/,
  CLIENTS,
];

/** How long each file took in the last run, the slowest first. */
const TIMES = join(PROJECT, ".portico", "tests.json");
const SLOWEST = 10;

/** Begin first, in this order: the others go on beside them. */
const LONGEST = [
  /^engines\/postgresql\/tests\/node-image\//,
  /^engines\/[^/]+\/tests\/node-image[./]/,
];

const BIN = join(PROJECT, "node_modules", ".bin");
const CHECKS: readonly Stage[] = [
  { name: "lint", command: [join(BIN, "biome"), "check", "--error-on-warnings", "."] },
  { name: "types", command: [join(BIN, "tsc"), "--noEmit", "-p", "."] },
];

const INTERRUPTED = 130;
const GRACE_MS = 10_000;

/** Several times the longest test, and the longest stage: what takes this long hangs. */
const LONGEST_TEST_MS = 25 * 60_000;
const LONGEST_STAGE_MS = 60 * 60_000;

await run(async () => {
  const given = process.argv.slice(2);
  const all = given.includes("--all");
  const options = given.filter((argument) => argument.startsWith("-") && argument !== "--all");
  const paths = given
    .filter((argument) => !argument.startsWith("-"))
    .map((path) => relative(PROJECT, resolve(path)));
  const machine = await setUp();
  const files = (await testFiles()).filter(
    (file) =>
      (paths.length === 0 && (all || !isHeavy(file))) ||
      paths.some((path) => file === path || file.startsWith(`${path}/`)),
  );
  if (files.length === 0) {
    say(`No test is below ${paths.join(", ")}.`);
    return 1;
  }
  const records = await mkdtemp(join(tmpdir(), "portico-tests-"));
  try {
    return await runStages(machine, records, [
      ...(paths.length === 0 ? CHECKS : []),
      ...stagesOf(files, options, records),
    ]);
  } finally {
    await rm(records, { recursive: true, force: true });
  }
});

interface Stage {
  readonly name: string;
  readonly command: readonly string[];
}

/** `records`: the folder in which each stage notes, under its name, what failed and how long each file took. */
function stagesOf(
  files: readonly string[],
  options: readonly string[],
  records: string,
): readonly Stage[] {
  const stage = (name: string, tests: readonly string[], how: readonly string[]): Stage[] =>
    tests.length === 0
      ? []
      : [{ name, command: nodeTest(join(records, name), [...how, ...options, ...tests]) }];
  const those = (pattern: RegExp) => files.filter((file) => pattern.test(file));
  const together = files
    .filter((file) => ![ALONE, ENGINES, CLIENTS].some((pattern) => pattern.test(file)))
    .sort((a, b) => turnOf(a) - turnOf(b));
  return [
    ...stage("tests", together, ["--test-concurrency=2"]),
    ...stage("end to end", those(ALONE), ["--test-concurrency=1", "--test-isolation=none"]),
    ...stage("engines", those(ENGINES), ["--test-concurrency=1"]),
    ...stage("clients", those(CLIENTS), ["--test-concurrency=1"]),
  ];
}

/** Tells at the end how each went, the slowest files, and once more what failed, which may stand an hour of output above. */
async function runStages(
  machine: Machine,
  records: string,
  stages: readonly Stage[],
): Promise<number> {
  const results: string[] = [];
  const times: FileTime[] = [];
  let failed = 0;
  for (const { name, command } of stages) {
    const start = Date.now();
    const code = await child(machine, command);
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    results.push(`${code === 0 ? "✓" : "✗"} ${name}: ${seconds} s`);
    const recorded = await recordedIn(join(records, name));
    results.push(...recorded.failures.map(told));
    times.push(...recorded.times);
    if (code !== 0) failed = code;
    if (code === INTERRUPTED) break;
  }
  times.sort((a, b) => b.seconds - a.seconds);
  await mkdir(join(PROJECT, ".portico"), { recursive: true });
  await writeFile(TIMES, `${JSON.stringify(times, null, 2)}\n`);
  for (const { file, seconds } of times.slice(0, SLOWEST)) {
    say(`${seconds.toFixed(1).padStart(7)} s  ${file}`);
  }
  for (const line of results) say(line);
  return failed;
}

function isHeavy(file: string): boolean {
  return HEAVY.some((pattern) => pattern.test(file));
}

function turnOf(file: string): number {
  const found = LONGEST.findIndex((pattern) => pattern.test(file));
  return found < 0 ? LONGEST.length : found;
}

async function testFiles(): Promise<readonly string[]> {
  const below = async (folder: string) =>
    (await readdir(join(PROJECT, folder), { recursive: true })).map((name) => join(folder, name));
  return [...(await below("engines")), ...(await below("tests"))]
    .filter((file) => file.endsWith(".test.ts"))
    .sort();
}

function nodeTest(record: string, rest: readonly string[]): readonly string[] {
  return [
    process.execPath,
    "--test",
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    `--test-reporter=${RECORD}`,
    `--test-reporter-destination=${record}`,
    `--test-timeout=${LONGEST_TEST_MS}`,
    // A socket that a test left open would keep its process, and with it everything after it, waiting for good.
    "--test-force-exit",
    ...rest,
  ];
}

/** Runs in a group of its own, which ends with this command whatever ends it. */
function child(
  { env, baseImage }: Machine,
  [file = "", ...args]: readonly string[],
): Promise<number> {
  const tests = spawn(file, args, {
    cwd: PROJECT,
    env: { ...process.env, ...env, PORTICO_BASE_IMAGE: baseImage },
    stdio: "inherit",
    detached: true,
  });
  const killGroup = (signal: NodeJS.Signals) => {
    try {
      process.kill(-(tests.pid ?? 0), signal);
    } catch {
      // it has ended already
    }
  };
  const end = () => {
    killGroup("SIGTERM");
    setTimeout(() => killGroup("SIGKILL"), GRACE_MS).unref();
  };
  let asked = false;
  const stopWatching = onEnd(() => {
    asked = true;
    end();
  });
  const deadline = setTimeout(() => {
    say(`✗ ended after ${LONGEST_STAGE_MS / 60_000} minutes without an end of its own`);
    end();
  }, LONGEST_STAGE_MS);
  return new Promise((done, failed) => {
    tests.once("error", failed);
    tests.once("close", (code) => {
      stopWatching();
      clearTimeout(deadline);
      done(asked ? INTERRUPTED : (code ?? 1));
    });
  });
}
