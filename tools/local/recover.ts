import { access, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import type Docker from "dockerode";
import { execa } from "execa";
import { z } from "zod";

import { PROJECT } from "../setup/paths.ts";
import { print, SetupError } from "../setup/step.ts";
import type { Cli } from "./cli.ts";
import { type Latest, latest, type StackFiles } from "./state.ts";

/** A CLI that is at work waits for databases for five minutes at most. */
const PATIENCE_MS = 330_000;

/**
 * Makes the state fit to go on from, whatever ended the last run. A CLI that is still at work, such as that of a start that was killed, is
 * waited for: it brings its work to an end.
 */
export async function recover(
  cli: Cli,
  files: StackFiles,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  await dropDeadLocks(files, patienceMs);
  if (((await latest(files))?.pending_operations ?? []).length > 0) await dropPending(cli);
}

const WRITTEN_MS = 1_000;
const Lock = z.object({ pid: z.int(), timestamp: z.string() });

async function dropDeadLocks({ locks }: StackFiles, patienceMs: number): Promise<void> {
  const files = await readdir(locks).catch(() => []);
  for (const file of files.filter((name) => name.endsWith(".json"))) {
    const path = join(locks, file);
    const lock = await readLock(path);
    if (lock && !(await ends(lock.pid, patienceMs))) {
      throw new SetupError(
        `Another run is at work on this stack (process ${lock.pid}, since ${lock.timestamp}): let it finish, or end it.`,
      );
    }
    if (!(await isThere(path))) continue;
    for (const part of [path, `${path}.attrs`]) await rm(part, { force: true });
    print("· removed the lock of a run that has ended");
  }
}

/** Undefined: it is gone, or its run ended within a second, before it was written completely. */
async function readLock(path: string): Promise<z.infer<typeof Lock> | undefined> {
  for (const deadline = Date.now() + WRITTEN_MS; Date.now() < deadline; await pause(100)) {
    const text = await readFile(path, "utf8").catch(() => "0");
    try {
      return Lock.safeParse(JSON.parse(text)).data;
    } catch {}
  }
  return undefined;
}

/** Waits until a run is over; false: it goes on. */
async function ends(pid: number, patienceMs: number): Promise<boolean> {
  const deadline = Date.now() + patienceMs;
  for (let announced = false; await isPulumi(pid); announced = true) {
    if (Date.now() >= deadline) return false;
    if (!announced) print(`· waiting for the run that is at work on this stack (process ${pid}) …`);
    await pause(250);
  }
  return true;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** A process of that number may be another one by now, and the machine's name may have changed: only the name of the program counts. */
async function isPulumi(pid: number): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => commandOf(pid));
  return (command.split("\0")[0] ?? "").endsWith("pulumi");
}

/** For machines without /proc. Empty where no process has that number. */
async function commandOf(pid: number): Promise<string> {
  const { stdout } = await execa("ps", ["-p", String(pid), "-o", "comm="], { reject: false });
  return stdout?.trim() ?? "";
}

/** What was under way is found again by the refresh, or removed as unknown to the state: the note itself only stops the next run. */
async function dropPending(cli: Cli): Promise<void> {
  const exported = JSON.parse(await cli("stack", "export"));
  exported.deployment.pending_operations = [];
  const folder = await mkdtemp(join(tmpdir(), "portico-"));
  const file = join(folder, "state.json");
  try {
    await writeFile(file, JSON.stringify(exported), { mode: 0o600 });
    await cli("stack", "import", "--file", file);
  } finally {
    await rm(folder, { recursive: true });
  }
  print("· cleared the unfinished operations of an interrupted run");
}

/**
 * Removes containers and networks of this stack that its state doesn't know: they hold the addresses that the next ones need. Volumes
 * stay, whatever the state says: they hold data, and one of the same name is taken up again. Throws where they are another folder's.
 */
export async function removeStrays(docker: Docker, name: string, files: StackFiles): Promise<void> {
  const state = await latest(files);
  const known = knownIds(state);
  const filters = { label: [`portico.stack=${name}`] };
  const containers = (await docker.listContainers({ all: true, filters })).filter(
    ({ Id }) => !known.has(Id),
  );
  for (const { Mounts } of containers) refuseForeign(name, Mounts);
  if ((state?.resources ?? []).length === 0)
    refuseUnknown(name, (await docker.listVolumes({ filters })).Volumes ?? []);
  for (const { Id, Names } of containers) {
    await docker.getContainer(Id).remove({ force: true });
    print(`· removed container ${Names[0]?.slice(1)}, left over from an interrupted run`);
  }
  for (const { Id, Name } of await docker.listNetworks({ filters })) {
    if (known.has(Id)) continue;
    await docker.getNetwork(Id).remove();
    print(`· removed network ${Name}, left over from an interrupted run`);
  }
}

/** A container shows whose it is by the folders that it is given: another copy of the project may have taken the same name. */
function refuseForeign(name: string, mounts: Docker.ContainerInfo["Mounts"]): void {
  const foreign = mounts.find(
    ({ Type, Source }) => Type === "bind" && !Source.startsWith(`${PROJECT}/`),
  );
  if (!foreign) return;
  throw new SetupError(
    `The stack name ${name} is another folder's (its containers use ${foreign.Source}). Stop it there, or take another name and place here: remove portico:local from Pulumi.local.yaml.`,
  );
}

/** For a folder that has made nothing yet. Its passwords don't open what lies there, and by a removal it would take others' data along. */
function refuseUnknown(name: string, volumes: readonly Docker.VolumeInspectInfo[]): void {
  if (volumes.length === 0) return;
  const names = volumes.map(({ Name }) => Name).sort();
  throw new SetupError(
    `A stack called ${name} has data on this machine, and this folder knows nothing of it: it is another folder's, or the .portico of this one was removed. Start it from its own folder; or take another name and place here: remove portico:local from Pulumi.local.yaml. To delete that data: docker volume rm ${names.join(" ")}`,
  );
}

export function knownIds(state: Latest | undefined): ReadonlySet<string> {
  return new Set((state?.resources ?? []).flatMap(({ id }) => (id ? [id] : [])));
}
