import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { buildSync } from "esbuild";

import { runToEnd } from "../support/docker.ts";
import { portalImage } from "../support/portal-container.ts";

// The tests of `inside/` run in a container of the portal's image, with its HAProxy and its Node, on that container's own
// loopback: no ports are published, and it is the same on every machine that has Docker.
const PROJECT = resolve(import.meta.dirname, "../..");
const INSIDE = join(import.meta.dirname, "inside");
const DEADLINE_MS = 900_000;

/** They mostly wait, so that several files run side by side, each in a container with a loopback of its own. */
const AT_ONCE = 3;

/** These take the longest, and begin first. */
const LONGEST = ["fallback.ts", "gates.ts"];

const REPORTER = `
export default async function* report(source) {
  for await (const { type, data } of source) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    const { name, details: { duration_ms: ms, error } } = data;
    const failure = error && String(error.cause?.stack ?? error.cause ?? error.message);
    yield "@@" + JSON.stringify({ name, ms, failure }) + "\\n";
  }
}
`;

interface Outcome {
  readonly name: string;
  readonly ms: number;
  /** Undefined: passed. */
  readonly failure?: string;
}

for (const { name, ms, failure } of await runInside()) {
  // At once as well: a runner that is forced to its end may lose what it hasn't passed on.
  if (failure !== undefined) writeSync(2, `${name}: ${failure}\n`);
  test(`${name} (${Math.round(ms)} ms)`, () => {
    if (failure !== undefined) assert.fail(failure);
  });
}

async function runInside(): Promise<readonly Outcome[]> {
  mkdirSync(join(PROJECT, ".cache"), { recursive: true });
  const folder = mkdtempSync(join(PROJECT, ".cache", "inside-"));
  try {
    const files = readdirSync(INSIDE).filter((file) => file.endsWith(".ts"));
    buildSync({
      entryPoints: files.map((file) => join(INSIDE, file)),
      outdir: folder,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      platform: "node",
      target: "node20",
      format: "esm",
      logLevel: "error",
      banner: {
        js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
      },
    });
    writeFileSync(join(folder, "reporter.mjs"), REPORTER);
    const image = await portalImage();
    const waiting = [...LONGEST, ...files.filter((file) => !LONGEST.includes(file))];
    const outcomes: Outcome[] = [];
    const runNext = async (): Promise<void> => {
      const file = waiting.shift();
      if (file === undefined) return;
      outcomes.push(...(await runContainer(image, folder, file)));
      await runNext();
    };
    await Promise.all(Array.from({ length: AT_ONCE }, runNext));
    return outcomes;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runContainer(
  image: string,
  folder: string,
  file: string,
): Promise<readonly Outcome[]> {
  const { code, output } = await runToEnd(
    {
      Image: image,
      Entrypoint: ["node"],
      Cmd: [
        "--test",
        "--test-timeout=240000",
        "--test-reporter=/tests/reporter.mjs",
        `/tests/${file.replace(/\.ts$/, ".mjs")}`,
      ],
      Env: ["PORTICO_IPV6=yes"],
      HostConfig: {
        Binds: [`${folder}:/tests:ro`],
        NetworkMode: "none",
        // To give loopback the addresses that clients come from.
        CapAdd: ["NET_ADMIN"],
        Sysctls: { "net.ipv6.conf.all.disable_ipv6": "0", "net.ipv6.conf.lo.disable_ipv6": "0" },
      },
      Labels: { "portico.test": "haproxy" },
    },
    DEADLINE_MS,
  );
  return outcomesOf(file, code, output);
}

function outcomesOf(file: string, code: number, output: string): readonly Outcome[] {
  const outcomes = output
    .split("\n")
    .filter((line) => line.startsWith("@@"))
    .map((line) => JSON.parse(line.slice(2)) as Outcome);
  // Where the container failed, or a file failed to load or never ended, no test says so.
  const failed = outcomes.some(({ failure }) => failure !== undefined);
  if (outcomes.length > 0 && (code === 0 || failed)) return outcomes;
  return [
    ...outcomes,
    { name: `all tests of ${file} ran`, ms: 0, failure: `exit code ${code}:\n${output}` },
  ];
}
