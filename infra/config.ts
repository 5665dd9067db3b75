import { z } from "zod";
import { portalNames } from "../engines/table.ts";
import { readAwsDeployment, readLocalDeployment } from "./config/deployment.ts";
import { readAws, readLocal } from "./config/targets.ts";
import type { Report } from "./config/values.ts";
import { below, entries, formatPath, oneOf, text, unknownKey } from "./config/values.ts";
import { warningsFor } from "./config/warnings.ts";
import { networkOf } from "./model/aws-plan.ts";
import { footprintOf, quotaProblems } from "./model/aws-quota.ts";
import { findCollisions } from "./model/collisions.ts";
import { assignSlots } from "./model/plan.ts";
import type { AwsStack, LocalStack, Stack } from "./model/stack.ts";

const KEYS = ["target", "local", "aws", "deployments", "removed"];
const Target = oneOf(["local", "aws"]);
const Removed = z.array(text("must be a name"), {
  error: "must be a list of the names of deployments and portals, such as [orders]",
});
const ByName = entries('must be a map by name, such as { orders: { engine: "postgresql" } }');

/** The stack config can't be used. `problems` has one line for each mistake, its path first. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(["The stack config can't be used:", ...problems].join("\n  - "));
    this.problems = problems;
  }
}

/** The config keys of the namespace `portico`, each as the CLI hands it over. */
export interface RawConfig {
  readonly target?: unknown;
  readonly local?: unknown;
  readonly aws?: unknown;
  readonly deployments?: unknown;
  readonly removed?: unknown;
  readonly [key: string]: unknown;
}

export interface Config {
  readonly stack: Stack;
  /** Deployments and portals that were taken out on purpose. */
  readonly removed: readonly string[];
  /** What is no mistake, but most likely not meant. */
  readonly warnings: readonly string[];
}

/** Throws a ConfigError with every mistake in it. Pure: the caller reads `pulumi.Config`, this only judges it. */
export function parseConfig(raw: RawConfig, now: Date): Config {
  const problems: string[] = [];
  const report: Report = (path, message) => problems.push(`${formatPath(path)}: ${message}`);

  for (const key of Object.keys(raw)) if (!KEYS.includes(key)) report([key], unknownKey(key, KEYS));
  const target = readTarget(raw.target, report);
  const stack = target === "aws" ? readAwsStack(raw, report) : readLocalStack(raw, report);
  if (target === undefined || stack === undefined) throw new ConfigError(problems);

  for (const { deployment, why } of findCollisions(stack)) report(["deployments", deployment], why);
  const removed = readRemoved(raw.removed, stack, below(["removed"], report));
  if (problems.length > 0) throw new ConfigError(problems);
  return { stack, removed, warnings: warningsFor(stack, now) };
}

function readRemoved(raw: unknown, { deployments }: Stack, report: Report): readonly string[] {
  const read = Removed.safeParse(raw ?? []);
  for (const { path, message } of read.error?.issues ?? []) report(path, message);
  const there = new Set(
    deployments.flatMap((deployment) => [deployment.name, ...portalNames(deployment)]),
  );
  const names = read.data ?? [];
  for (const [index, name] of names.entries())
    if (there.has(name)) report([index], `${name} is in the config: leave out one of the two`);
  return names;
}

function readTarget(raw: unknown, report: Report): Stack["target"] | undefined {
  const target = Target.safeParse(raw);
  for (const { message } of target.error?.issues ?? []) report(["target"], message);
  return target.data;
}

function readLocalStack(raw: RawConfig, report: Report): LocalStack | undefined {
  const local = readLocal(raw.local, below(["local"], report));
  const read = readDeployments(raw.deployments, readLocalDeployment, report);
  if (read.some(({ name }) => name === "public"))
    report(["deployments", "public"], "is the name of the network that all portals share");
  const kept = local?.slots ?? {};
  reportSharedSlots(kept, below(["local", "slots"], report));
  if (local === undefined) return undefined;
  const slots = assignSlots(
    read.map(({ name }) => name),
    kept,
  );
  const { name, range, firstPort, base } = local;
  const deployments = read.map((one) => ({ ...one, slot: slots[one.name] ?? 0 }));
  return { target: "local", local: { name, range, firstPort, base }, deployments };
}

function readAwsStack(raw: RawConfig, report: Report): AwsStack | undefined {
  const aws = readAws(raw.aws, below(["aws"], report));
  const read = readDeployments(raw.deployments, readAwsDeployment, report);
  if (aws === undefined) return undefined;
  const deployments = read.map((one) => ({
    ...one,
    network: one.network ?? networkOf(one.name, aws.range),
  }));
  for (const engine of new Set(read.map(({ engine }) => engine)))
    if (!aws.build && aws.images[engine] === undefined)
      report(
        ["aws", "images", engine],
        "is missing: must be the id of the image of its nodes, or build: true",
      );
  for (const problem of quotaProblems(deployments.map(footprintOf), aws.quota))
    report(["aws", "quota"], problem);
  return { target: "aws", aws, deployments };
}

function readDeployments<Read>(
  raw: unknown,
  readOne: (name: string, raw: unknown, report: Report) => Read | undefined,
  report: Report,
): readonly Read[] {
  const map = ByName.safeParse(raw ?? {});
  for (const { message } of map.error?.issues ?? []) report(["deployments"], message);
  return (map.data ?? []).flatMap(([name, value]) => {
    const read = readOne(name, value, below(["deployments", name], report));
    return read === undefined ? [] : [read];
  });
}

function reportSharedSlots(slots: Readonly<Record<string, number>>, report: Report): void {
  const owners = new Map<number, string>();
  for (const [name, slot] of Object.entries(slots)) {
    const owner = owners.get(slot);
    if (owner !== undefined) report([name], `slot ${slot} is taken by ${owner}`);
    owners.set(slot, name);
  }
}

const NAMESPACE = "portico:";

/** What the engine hands over of a stack's config, values as text, without the namespace and without others' keys. */
export function rawConfig(all: Readonly<Record<string, string>>): RawConfig {
  return Object.fromEntries(
    Object.entries(all)
      .filter(([key]) => key.startsWith(NAMESPACE))
      .map(([key, text]) => [key.slice(NAMESPACE.length), decoded(text)]),
  );
}

/** The engine hands over objects as JSON, and everything else as it was written. */
function decoded(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
