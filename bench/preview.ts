// `npm run bench -- preview`: what a preview takes as a stack grows. See README.md.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";

import { execa } from "execa";

import { awsConfig } from "../tests/aws/stack.ts";
import { standInForAws } from "../tests/support/aws/on-path.ts";
import { type Preview, type Stack, withStack } from "../tests/support/cli.ts";
import { setUpPulumi } from "../tools/setup/set-up.ts";
import { columns } from "./columns.ts";
import { type Taken, watchTree } from "./process-tree.ts";
import { keep } from "./results.ts";

const ENTRIES = 20;

export interface PreviewFigure {
  readonly deployments: number;
  readonly resources: number;
  readonly seconds: number;
  readonly taken: Taken | undefined;
}

/** Previews of fresh stacks on AWS with that many deployments, by the real CLI with the stand-in of tests/support/aws. */
export async function benchPreviews(counts: readonly number[]): Promise<void> {
  const { env } = await setUpPulumi();
  Object.assign(process.env, env);
  standInForAws();
  const figures: PreviewFigure[] = [];
  for (const count of counts) {
    figures.push(await previewOf(count));
    console.error(table(figures.slice(-1)));
  }
  const load = loadavg()[0] ?? 0;
  console.log(`${table(figures)}\n${cpus().length} cores, load ${load.toFixed(1)} at the end`);
  const at = new Date().toISOString();
  const report = { at, entries: ENTRIES, cores: cpus().length, load, figures };
  console.log(await keep("preview-", at, report));
}

async function previewOf(deployments: number): Promise<PreviewFigure> {
  let figure: PreviewFigure | undefined;
  await withStack({ config: configOf(deployments) }, async (stack) => {
    figure = await measured(stack, deployments);
  });
  if (figure === undefined) throw new Error("withStack ended without the stack");
  return figure;
}

async function measured(stack: Stack, deployments: number): Promise<PreviewFigure> {
  const folder = await mkdtemp(join(tmpdir(), "portico-bench-"));
  try {
    const file = join(folder, "preview.json");
    const begun = performance.now();
    const args = ["preview", "--json", ...stack.configArguments, "-s", stack.name];
    const cli = execa("pulumi", [...args, "--non-interactive"], {
      cwd: stack.project,
      env: stack.environment(),
      stdin: "ignore",
      stdout: { file },
    });
    const stop = watchTree(cli.pid ?? 0);
    const [ended] = await Promise.allSettled([cli]);
    const seconds = (performance.now() - begun) / 1000;
    const taken = await stop();
    if (ended.status === "rejected") throw ended.reason;
    const { changeSummary }: Preview = JSON.parse(await readFile(file, "utf8"));
    return { deployments, resources: changeSummary.create ?? 0, seconds, taken };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function configOf(deployments: number): Record<string, unknown> {
  const names = Array.from({ length: deployments }, (_, index) => `orders${index + 1}`);
  const whitelist = Object.fromEntries(
    Array.from({ length: ENTRIES }, (_, index) => [`203.0.113.${index}/32`, `runner ${index}`]),
  );
  return awsConfig(Object.fromEntries(names.map((name) => [name, { whitelist }])), {
    quota: { vpcs: deployments, eips: 2 * deployments },
  });
}

/** For people. */
export function table(figures: readonly PreviewFigure[]): string {
  return columns([
    ["deployments", "resources", "seconds", "ms a resource", "peak MiB", "CPU s"],
    ...figures.map(({ deployments, resources, seconds, taken }) => [
      `${deployments}`,
      `${resources}`,
      seconds.toFixed(1),
      ((seconds * 1000) / resources).toFixed(1),
      taken === undefined ? "–" : `${taken.peak}`,
      taken === undefined ? "–" : taken.cpuSeconds.toFixed(1),
    ]),
  ]);
}
