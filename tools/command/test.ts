// `npm test [-- <paths>] [--test-name-pattern=<words>]`: lint and types, then the tests of every guarantee of the README, or those below
// the paths. `--all` (`npm run test:all`) adds every other engine and the longest faults. Other options go to `node --test`.
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { createInterface } from "node:readline";

import { onEnd } from "../local/change.ts";
import { PROJECT } from "../setup/paths.ts";
import { type Setup, setUp } from "../setup/set-up.ts";
import { print } from "../setup/step.ts";
import { describe, type FileTime, RECORD, recordedIn } from "../test/record.ts";
import { run } from "./run.ts";

/** Other people's clients, which are fetched from four registries; one deployment a file. */
const CLIENTS = /^(tests\/clients\/|engines\/[^/]+\/tests\/clients\.test\.ts$)/;

const SHARED = ["--test-concurrency=1", "--test-isolation=none"];
const ONE_BY_ONE = ["--test-concurrency=1"];

/** Some bounds of HAProxy's tests are a second and less: the clusters, which leave nobody much of a small machine, wait for their end. */
const QUIET = ["tests", "haproxy"];

/** How the tests run. The first pattern that fits a file is that of its stage; a stage begins when those in `after` have ended. */
const STAGES: readonly Kind[] = [
  { name: "haproxy", files: /^tests\/haproxy\//, how: ["--test-concurrency=3"] },
  // A PostgreSQL deployment, which these share, and a second one, whose nodes and networks fail.
  {
    name: "faults",
    files: /^tests\/e2e\/(failover|network|replica|resources)\.test\.ts$/,
    how: SHARED,
    after: QUIET,
  },
  { name: "end to end", files: /^tests\/e2e\//, how: SHARED, after: QUIET },
  // Nodes and machines in containers. They mostly wait.
  {
    name: "containers",
    files: /^(engines\/[^/]+\/tests\/node-image[./]|tests\/machine\/)/,
    how: ONE_BY_ONE,
    after: QUIET,
  },
  // The real Pulumi engine, which mostly computes.
  { name: "guard", files: /^tests\/(guard|setup)\//, how: ONE_BY_ONE, after: ["containers"] },
  {
    name: "pulumi",
    files: /^tests\/(airgap|aws|command|pulumi)\//,
    how: ONE_BY_ONE,
    after: ["tests"],
  },
  // One deployment a file.
  {
    name: "engines",
    files: /^engines\/[^/]+\/tests\/(deployment|frozen)\.test\.ts$/,
    how: ONE_BY_ONE,
    after: ["faults"],
  },
  {
    name: "clients",
    files: CLIENTS,
    how: ONE_BY_ONE,
    after: ["end to end"],
  },
  { name: "tests", files: /./, how: ["--test-concurrency=2"] },
];

interface Kind {
  readonly name: string;
  readonly files: RegExp;
  /** Options of `node --test`. */
  readonly how: readonly string[];
  readonly after?: readonly string[];
}

/** Minutes each, and nothing that the README says of PostgreSQL or of portals: only where they are named, or with `--all`. */
const ONLY_WITH_ALL = [
  /^engines\/(?!common\/|postgresql\/)[^/]+\/tests\/node-image[./]/,
  /^engines\/(?!redis\/)[^/]+\/tests\/(deployment|frozen)\.test\.ts$/,
  /^engines\/postgresql\/tests\/(model|node-image\/recovery)\.test\.ts$/,
  /^tests\/guard\/mutations\.test\.ts$/,
  /^tests\/machine\/(bucket|image|real-docker)\.test\.ts$/,
  // Stand-ins of ours beside the real plugins' tables.
  /^tests\/(airgap\/|aws\/provider\.test\.ts$)/,
  CLIENTS,
];

/** How long each file took in the last run, the slowest first. */
const TIMES = join(PROJECT, ".portico", "tests.json");
const SLOWEST = 10;

/** Begin first in their stage, in this order. */
const LONGEST = [
  /^engines\/postgresql\/tests\/node-image\/cluster/,
  /^tests\/haproxy\/(slow|inside)\.test\.ts$/,
  /^tests\/(aws\/preview|pulumi\/inventory|command\/start|guard\/(real|mutations))\.test\.ts$/,
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
  const setup = await setUp();
  const files = (await testFiles()).filter(
    (file) =>
      (paths.length === 0 && (all || !ONLY_WITH_ALL.some((pattern) => pattern.test(file)))) ||
      paths.some((path) => file === path || file.startsWith(`${path}/`)),
  );
  if (files.length === 0) {
    print(`No test is below ${paths.join(", ")}.`);
    return 1;
  }
  const records = await mkdtemp(join(tmpdir(), "portico-tests-"));
  try {
    return await runAll(setup, records, [
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
  /** The names of those that end before it begins; who isn't there is waited for by nobody. */
  readonly after?: readonly string[];
}

/** `records`: the folder in which each stage notes, under its name, what failed and how long each file took. */
function stagesOf(
  files: readonly string[],
  options: readonly string[],
  records: string,
): readonly Stage[] {
  const kindOf = (file: string) => STAGES.find((kind) => kind.files.test(file));
  return STAGES.flatMap((kind) => {
    const tests = files.filter((file) => kindOf(file) === kind).sort(longestFirst);
    const command = nodeTest(join(records, kind.name), [...kind.how, ...options, ...tests]);
    const after = [...CHECKS.map(({ name }) => name), ...(kind.after ?? [])];
    return tests.length === 0 ? [] : [{ name: kind.name, command, after }];
  });
}

/** Tells at the end how each stage went, the slowest files, and once more what failed, which may stand an hour of output above. */
async function runAll(setup: Setup, records: string, stages: readonly Stage[]): Promise<number> {
  const results: string[] = [];
  const times: FileTime[] = [];
  let failed = 0;
  const ends = new Map<string, Promise<void>>();
  const runStage = async ({ name, command, after = [] }: Stage) => {
    await undefined; // until each stage has its end in `ends`
    await Promise.all(after.map((other) => ends.get(other)));
    if (failed === INTERRUPTED) return;
    const start = Date.now();
    const code = await child(setup, command, stages.length === 1 ? undefined : name);
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    const recorded = await recordedIn(join(records, name));
    results.push(`${code === 0 ? "✓" : "✗"} ${name}: ${seconds} s`);
    results.push(...recorded.failures.map(describe));
    times.push(...recorded.times);
    if (code !== 0 && failed !== INTERRUPTED) failed = code;
  };
  for (const stage of stages) ends.set(stage.name, runStage(stage));
  await Promise.all(ends.values());
  times.sort((a, b) => b.seconds - a.seconds);
  await mkdir(join(PROJECT, ".portico"), { recursive: true });
  await writeFile(TIMES, `${JSON.stringify(times, null, 2)}\n`);
  for (const { file, seconds } of times.slice(0, SLOWEST)) {
    print(`${seconds.toFixed(1).padStart(7)} s  ${file}`);
  }
  for (const line of results) print(line);
  return failed;
}

function longestFirst(one: string, other: string): number {
  const rank = (file: string) => {
    const found = LONGEST.findIndex((pattern) => pattern.test(file));
    return found < 0 ? LONGEST.length : found;
  };
  return rank(one) - rank(other);
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

/** Runs in a group of its own, which ends with this command whatever ends it. `name` stands before each line, beside other stages. */
function child(
  { env, baseImage }: Setup,
  [file = "", ...args]: readonly string[],
  name?: string,
): Promise<number> {
  const tests = spawn(file, args, {
    cwd: PROJECT,
    env: { ...process.env, ...env, PORTICO_BASE_IMAGE: baseImage },
    stdio: name === undefined ? "inherit" : ["inherit", "pipe", "pipe"],
    detached: true,
  });
  for (const stream of [tests.stdout, tests.stderr])
    if (stream !== null)
      createInterface(stream).on("line", (line) => process.stdout.write(`${name} │ ${line}\n`));
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
    print(`✗ ended after ${LONGEST_STAGE_MS / 60_000} minutes without an end of its own`);
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
