// `npm test [-- <paths>] [--test-name-pattern=<words>]`: lint and types, then every test, or those below the paths: fast layers
// first, end to end last. Without paths the heaviest engines are left out, unless there is `--all`. Other options go to `node --test`.
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";

import { onEnd } from "../local/on-end.ts";
import { type Machine, setUp } from "../setup/machine.ts";
import { PROJECT } from "../setup/paths.ts";
import { say } from "../setup/say.ts";
import { FAILURES, failuresIn, told } from "../test/failures.ts";
import { run } from "./run.ts";

/** Tests that need the machine for themselves, and share one deployment: one process for all of them. */
const ALONE = "tests/e2e/";

/** One deployment a file, one after the other. */
const ENGINES = "tests/engines/";

/** Other people's clients, which are fetched from four registries: one deployment a file, one after the other. */
const CLIENTS = "tests/clients/";

/** Minutes each, of clients, a stand-in or the guard's mutations: only where they are named, or with `--all` (`npm run test:all`). */
const HEAVY = [
  "tests/engines/mysql-frozen.test.ts",
  "tests/engines/scylladb.test.ts",
  "tests/node-image/scylladb",
  "tests/guard/mutations.test.ts",
  CLIENTS,
];

/** Begins first: the others go on beside it. */
const LONGEST = "tests/node-image/";

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
  const failures = await mkdtemp(join(tmpdir(), "portico-failures-"));
  try {
    return await runStages(machine, failures, [
      ...(paths.length === 0 ? CHECKS : []),
      ...stagesOf(files, options, failures),
    ]);
  } finally {
    await rm(failures, { recursive: true, force: true });
  }
});

interface Stage {
  readonly name: string;
  readonly command: readonly string[];
}

/** `failures`: the folder in which each stage notes, under its name, what failed. */
function stagesOf(
  files: readonly string[],
  options: readonly string[],
  failures: string,
): readonly Stage[] {
  const stage = (name: string, tests: readonly string[], how: readonly string[]): Stage[] =>
    tests.length === 0
      ? []
      : [{ name, command: nodeTest(join(failures, name), [...how, ...options, ...tests]) }];
  const below = (path: string) => files.filter((file) => file.startsWith(path));
  const together = files
    .filter((file) => ![ALONE, ENGINES, CLIENTS].some((path) => file.startsWith(path)))
    .sort((a, b) => Number(b.startsWith(LONGEST)) - Number(a.startsWith(LONGEST)));
  return [
    ...stage("tests", together, ["--test-concurrency=2"]),
    ...stage("end to end", below(ALONE), ["--test-concurrency=1", "--test-isolation=none"]),
    ...stage("engines", below(ENGINES), ["--test-concurrency=1"]),
    ...stage("clients", below(CLIENTS), ["--test-concurrency=1"]),
  ];
}

/** Tells at the end how each went, and once more what failed, which may stand an hour of output above. */
async function runStages(
  machine: Machine,
  failures: string,
  stages: readonly Stage[],
): Promise<number> {
  const results: string[] = [];
  let failed = 0;
  for (const { name, command } of stages) {
    const start = Date.now();
    const code = await child(machine, command);
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    results.push(`${code === 0 ? "✓" : "✗"} ${name}: ${seconds} s`);
    for (const failure of await failuresIn(join(failures, name))) results.push(told(failure));
    if (code !== 0) failed = code;
    if (code === INTERRUPTED) break;
  }
  for (const line of results) say(line);
  return failed;
}

function isHeavy(file: string): boolean {
  return HEAVY.some((path) => file.startsWith(path));
}

async function testFiles(): Promise<readonly string[]> {
  const entries = await readdir(join(PROJECT, "tests"), { recursive: true });
  return entries
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => join("tests", name))
    .sort();
}

function nodeTest(failures: string, rest: readonly string[]): readonly string[] {
  return [
    process.execPath,
    "--test",
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    `--test-reporter=${FAILURES}`,
    `--test-reporter-destination=${failures}`,
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
