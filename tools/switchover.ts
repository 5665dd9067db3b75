// `portico switchover`: asks a cluster to hand over, and prints what each portal saw of it.
import { setTimeout as sleep } from "node:timers/promises";

import type { Command } from "commander";
import Docker from "dockerode";
import { z } from "zod";

import { execIn, logOf } from "./local/containers.ts";
import { PROJECT } from "./setup/paths.ts";
import { SetupError } from "./setup/step.ts";

const EXPLAINED = `
Asks the engine itself, in one of the deployment's nodes on this machine, and waits until every portal follows. Clients wait
meanwhile; nobody is refused.

Exit codes:
  0  every portal follows the new leader
  1  the engine refused, or a portal did not follow in time
  2  wrong arguments, or no such deployment runs here`;

interface Options {
  readonly to?: string;
  readonly name?: string;
}

export function switchoverCommand(program: Command): void {
  program
    .command("switchover")
    .argument("<deployment>", "its name in the config")
    .description("hands a deployment's leadership to another node, and says what the portals saw")
    .option("--to <node>", "the node that is to lead; otherwise the engine chooses")
    .option("--name <stack>", "portico:local.name, where another folder's stack is meant")
    .addHelpText("after", EXPLAINED)
    .exitOverride()
    .action(async (deployment: string, { to, name }: Options) => {
      try {
        const followed = await switchOver(deployment, to, name, (line) => console.log(line));
        process.exitCode = followed ? 0 : 1;
      } catch (error) {
        if (!(error instanceof SetupError)) throw error;
        console.error(`✗ ${error.message}`);
        process.exitCode = 2;
      }
    });
}

/** In the image of every engine that has a leader: asks the cluster to hand over, to the node that is named or to any. */
const SWITCHOVER = "/usr/local/lib/portico/switchover";
const NO_LEADER = 78;
/** The longest hold, and a moment more. */
const PATIENCE_MS = 125_000;

interface Cluster {
  readonly nodes: readonly Docker.ContainerInfo[];
  readonly portals: readonly Docker.ContainerInfo[];
}

/** True when every portal follows the new leader. Throws a SetupError where there is nothing to ask. */
async function switchOver(
  deployment: string,
  to: string | undefined,
  stack: string | undefined,
  print: (line: string) => void,
): Promise<boolean> {
  const docker = new Docker();
  const { nodes, portals } = await find(docker, deployment, stack);
  const began = Date.now();
  print(`· asking ${deployment} to hand over, which takes up to half a minute`);
  const { code, output } = await ask(docker, nodes, to);
  if (code === NO_LEADER)
    throw new SetupError(`${deployment} has no leader that could hand over: every node serves`);
  if (code !== 0) {
    print(`✗ ${deployment} does not hand over: ${output.trim()}`);
    return false;
  }
  const seen = await Promise.all(portals.map((portal) => follow(docker, portal, began)));
  for (const [index, change] of seen.entries())
    print(
      change === undefined ? `✗ ${nameOf(portals[index])}: does not follow yet` : describe(change),
    );
  return seen.every((change) => change !== undefined);
}

async function find(docker: Docker, deployment: string, stack?: string): Promise<Cluster> {
  const label = [`portico.deployment=${deployment}`];
  if (stack !== undefined) label.push(`portico.stack=${stack}`);
  const all = (await docker.listContainers({ filters: { label } })).toSorted((a, b) =>
    nameOf(a) < nameOf(b) ? -1 : 1,
  );
  const found = stack === undefined ? ofThisFolder(all) : all;
  if (found.length === 0 && all.length > 0)
    throw new SetupError(
      `No deployment ${deployment} of this folder's stacks runs here. For another stack add --name ${stacksOf(all).join(" or --name ")}`,
    );
  if (stacksOf(found).length > 1)
    throw new SetupError(
      `Several stacks of this folder have a deployment ${deployment}: name one of ${stacksOf(found).join(", ")} with --name`,
    );
  const isPortal = (container: Docker.ContainerInfo) => nameOf(container).includes("-portal-");
  const nodes = found.filter((container) => !isPortal(container));
  const portals = found.filter(isPortal);
  if (nodes.length === 0) throw new SetupError(`No node of ${deployment} runs on this machine`);
  if (portals.length === 0) throw new SetupError(`No portal of ${deployment} runs on this machine`);
  return { nodes, portals };
}

const stacksOf = (
  containers: readonly Pick<Docker.ContainerInfo, "Labels">[],
): readonly string[] => [...new Set(containers.map(({ Labels }) => Labels["portico.stack"] ?? ""))];

/** Of the stacks that have such a deployment, those of this folder: their containers mount files below it. */
export function ofThisFolder<Container extends Pick<Docker.ContainerInfo, "Labels" | "Mounts">>(
  containers: readonly Container[],
  folder = PROJECT,
): readonly Container[] {
  const own = containers.filter(({ Mounts }) =>
    // An engine in a virtual machine may put a path of its own before it.
    Mounts.some(({ Source }) => Source?.includes(`${folder}/`)),
  );
  const stacks = stacksOf(own);
  return containers.filter(({ Labels }) => stacks.includes(Labels["portico.stack"] ?? ""));
}

/** The first node that can be asked: one that is down or frozen is no obstacle. */
async function ask(docker: Docker, nodes: readonly Docker.ContainerInfo[], to?: string) {
  const where = `[ -x "$0" ] || exit ${NO_LEADER}; exec "$0" "$@"`;
  const command = ["sh", "-c", where, SWITCHOVER, ...(to === undefined ? [] : [to])];
  const healthy = nodes.filter(({ Status }) => Status.includes("(healthy)"));
  const [node] = healthy.length > 0 ? healthy : nodes;
  return execIn(docker, node?.Id ?? "", command);
}

async function follow(
  docker: Docker,
  portal: Docker.ContainerInfo,
  began: number,
): Promise<Switch | undefined> {
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline) {
    const [last] = (await readSwitches(docker, portal.Id, began)).slice(-1);
    if (last !== undefined) return last;
    await sleep(250);
  }
  return undefined;
}

function describe({ portal, oldLeader, newLeader, epoch, heldMs, cut, proof }: Switch): string {
  return `✓ ${portal}: ${newLeader} leads instead of ${oldLeader ?? "nobody"} (epoch ${epoch}): new connections waited ${heldMs} ms; the portal cut ${cut} sessions, any others had ended with the old leader; ${proof}`;
}

function nameOf(container: Docker.ContainerInfo | undefined): string {
  return container?.Names[0]?.replace(/^\//, "") ?? "";
}

/** A change of leader, as a portal's log reports it. */
const LogLine = z.object({
  time: z.union([z.string(), z.number()]).transform((time) => new Date(time).getTime()),
  portal: z.string(),
  oldLeader: z.string().optional(),
  newLeader: z.string(),
  epoch: z.string(),
  heldMs: z.number(),
  cut: z.number(),
  proof: z.string(),
});

export type Switch = z.infer<typeof LogLine>;

/** What a portal's log reports of changes of leader since `began`, in wall-clock milliseconds. */
async function readSwitches(
  docker: Docker,
  portal: string,
  began: number,
): Promise<readonly Switch[]> {
  return changesIn(await logOf(docker, portal, Math.floor(began / 1000)), began);
}

/** Lines that are anything else, HAProxy's among them, are passed over. */
export function changesIn(log: string, began: number): readonly Switch[] {
  return log.split("\n").flatMap((line) => {
    const read = LogLine.safeParse(parse(line)).data;
    const isChange = read !== undefined && read.time >= began && read.newLeader !== read.oldLeader;
    return isChange ? [read] : [];
  });
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
