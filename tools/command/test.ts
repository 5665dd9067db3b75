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

/** A PostgreSQL deployment, which these share: one process for all of them. */
const END_TO_END = /^tests\/e2e\//;

/** Those of them that have a second one, whose nodes and networks fail. */
const FAULTS = /^tests\/e2e\/(failover|network|replica|resources)\.test\.ts$/;

/** One deployment a file, one after the other. */
const ENGINES = /^engines\/[^/]+\/tests\/(deployment|frozen)\.test\.ts$/;

/** Other people's clients, which are fetched from four registries: one deployment a file, one after the other. */
const CLIENTS = /^(tests\/clients\/|engines\/[^/]+\/tests\/clients\.test\.ts$)/;

/** Bounds of a second and less: before the clusters, which leave nobody much of a small machine. */
const HAPROXY = /^tests\/haproxy\//;

/** Nodes and machines in containers. They mostly wait. */
const CONTAINERS = /^(engines\/[^/]+\/tests\/node-image[./]|tests\/machine\/)/;

/** The real Pulumi engine, which mostly computes. */
const PULUMI = /^tests\/(airgap|aws|command|guard|pulumi|setup)\//;

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

/** Begin first, in this order: the others go on beside them. */
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
      ...(paths.length === 0 ? [[CHECKS]] : []),
      ...lanesOf(files, options, records),
    ]);
  } finally {
    await rm(records, { recursive: true, force: true });
  }
});

interface Stage {
  readonly name: string;
  readonly command: readonly string[];
}

/** Stages one after the other. */
type Lane = readonly Stage[];

/**
 * What computes and what waits goes on side by side, the lanes of one list after those of the one before. `records`: the folder in which each
 * stage notes, under its name, what failed and how long each file took.
 */
function lanesOf(
  files: readonly string[],
  options: readonly string[],
  records: string,
): readonly (readonly Lane[])[] {
  const stage = (name: string, tests: readonly string[], how: readonly string[]): Stage[] =>
    tests.length === 0
      ? []
      : [{ name, command: nodeTest(join(records, name), [...how, ...options, ...tests]) }];
  const those = (pattern: RegExp) => files.filter((file) => pattern.test(file));
  const special = [END_TO_END, ENGINES, CLIENTS, CONTAINERS, HAPROXY, PULUMI];
  const others = files.filter((file) => !special.some((pattern) => pattern.test(file)));
  const shared = ["--test-concurrency=1", "--test-isolation=none"];
  const oneByOne = ["--test-concurrency=1"];
  const lanes = [
    [
      stage("haproxy", those(HAPROXY).sort(longestFirst), ["--test-concurrency=3"]),
      stage("tests", others, ["--test-concurrency=2"]),
    ],
    [
      stage("pulumi", those(PULUMI).sort(longestFirst), oneByOne),
      stage("containers", those(CONTAINERS).sort(longestFirst), oneByOne),
      [
        ...stage(
          "end to end",
          those(END_TO_END).filter((file) => !FAULTS.test(file)),
          shared,
        ),
        ...stage("clients", those(CLIENTS), oneByOne),
      ],
      [...stage("faults", those(FAULTS), shared), ...stage("engines", those(ENGINES), oneByOne)],
    ],
  ];
  return lanes.map((step) => step.filter((lane) => lane.length > 0));
}

/** Tells at the end how each stage went, the slowest files, and once more what failed, which may stand an hour of output above. */
async function runAll(
  setup: Setup,
  records: string,
  steps: readonly (readonly Lane[])[],
): Promise<number> {
  const results: string[] = [];
  const times: FileTime[] = [];
  let failed = 0;
  const runLane = async (lane: Lane, alone: boolean) => {
    for (const { name, command } of lane) {
      const start = Date.now();
      const code = await child(setup, command, alone ? undefined : name);
      const seconds = ((Date.now() - start) / 1000).toFixed(1);
      const recorded = await recordedIn(join(records, name));
      results.push(`${code === 0 ? "✓" : "✗"} ${name}: ${seconds} s`);
      results.push(...recorded.failures.map(describe));
      times.push(...recorded.times);
      if (code !== 0 && failed !== INTERRUPTED) failed = code;
      if (failed === INTERRUPTED) return;
    }
  };
  for (const lanes of steps) {
    await Promise.all(lanes.map((lane) => runLane(lane, lanes.length === 1)));
    if (failed === INTERRUPTED) break;
  }
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
