// The files of the local stack: passphrase, state, and how all of them are removed.
import { randomBytes } from "node:crypto";
import {
  access,
  constants,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rm,
  rmdir,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";

import { z } from "zod";

import { PROJECT } from "../setup/paths.ts";
import { PULUMI_HOME, withoutLogs } from "../setup/pulumi.ts";
import { SetupError } from "../setup/step.ts";

export const STACK = "local";

/** Everything that the local stack keeps on this machine, for this clone alone. */
const folder = join(PROJECT, ".portico");
const passphrase = join(folder, "passphrase");
const backend = join(folder, "state");

/** Where the CLI's file backend keeps one stack. */
export interface StackFiles {
  readonly locks: string;
  readonly checkpoint: string;
}

/** What `npm stop -- --volumes` has to remove beside the stack's resources. */
export const localKept: Kept = {
  ...{ folder, stack: STACK, project: "portico" },
  config: join(PROJECT, "Pulumi.local.yaml"),
};

export const localFiles = stackFiles(backend, "portico", STACK);

export function stackFiles(backend: string, project: string, stack: string): StackFiles {
  return {
    locks: join(backend, ".pulumi", "locks", "organization", project, stack),
    checkpoint: join(backend, ".pulumi", "stacks", project, `${stack}.json`),
  };
}

/** The environment in which the CLI finds the local stack, and no other. */
export function stackEnvironment(env: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  // The person's own passphrase would win over the file.
  const { PULUMI_CONFIG_PASSPHRASE: _, ...inherited } = process.env;
  return {
    ...inherited,
    ...env,
    PULUMI_HOME,
    PULUMI_BACKEND_URL: `file://${backend}`,
    PULUMI_CONFIG_PASSPHRASE_FILE: passphrase,
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
}

const Checkpoint = z.object({
  checkpoint: z.object({
    latest: z
      .object({
        resources: z
          .array(
            z.object({
              ...{ urn: z.string(), type: z.string(), id: z.string().optional() },
              ...{ parent: z.string().optional(), protect: z.boolean().optional() },
            }),
          )
          .nullish(),
        pending_operations: z.array(z.object({ type: z.string() })).nullish(),
      })
      .nullish(),
  }),
});

export type Latest = NonNullable<z.infer<typeof Checkpoint>["checkpoint"]["latest"]>;

/** What the stack's state says; nothing where there is no stack yet. Read from the file: it is asked on every run. */
export async function latest({ checkpoint }: StackFiles): Promise<Latest | undefined> {
  const text = await readFile(checkpoint, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return Checkpoint.parse(JSON.parse(text)).checkpoint.latest ?? {};
  } catch (error) {
    throw await unreadable(checkpoint, error as Error);
  }
}

/** The CLI keeps the state before the last change beside it. */
async function unreadable(checkpoint: string, cause: Error): Promise<SetupError> {
  const why = cause instanceof z.ZodError ? "it is no state of a stack" : cause.message;
  const copy = `${checkpoint}.bak`;
  const wayOut = await access(copy).then(
    () =>
      `The state before its last change is beside it: cp ${copy} ${checkpoint}, then npm start, which mends what has changed since`,
    () => "There is no copy beside it: put one of your own there, or remove it to start anew",
  );
  return new SetupError(`${checkpoint} can't be read: ${why}. ${wayOut}.`, { cause });
}

/** Folders, passphrase and config file. What is there stays: a new passphrase would lose the secrets in the state. */
export async function makeFiles(): Promise<void> {
  await mkdir(backend, { recursive: true, mode: 0o700 });
  await withoutLogs(PULUMI_HOME);
  await copyFile(
    join(PROJECT, "Pulumi.local.example.yaml"),
    join(PROJECT, "Pulumi.local.yaml"),
    constants.COPYFILE_EXCL,
  ).catch(unless("EEXIST"));
  if (await latest(localFiles)) {
    await readFile(passphrase).catch(() => {
      throw passphraseMissing();
    });
    return;
  }
  const made = randomBytes(24).toString("base64url");
  await writeFile(passphrase, made, { mode: 0o600, flag: "wx" }).catch(unless("EEXIST"));
}

export function passphraseMissing(): SetupError {
  return new SetupError(
    `${passphrase} is missing, and the stack's state can't be read without it: bring it back, or remove ${backend} and start anew.`,
  );
}

/** Where there is none yet, after `makeFiles`. */
export async function makeStack(cli: (...args: string[]) => Promise<unknown>): Promise<void> {
  if (!(await latest(localFiles))) await cli("stack", "init", "--no-select");
}

function unless(code: string): (error: NodeJS.ErrnoException) => void {
  return (error) => {
    if (error.code !== code) throw error;
  };
}

/** Where a clone keeps what belongs to its local stack. */
export interface Kept {
  /** `.portico` */
  readonly folder: string;
  readonly stack: string;
  readonly project: string;
  /** The stack's config. */
  readonly config: string;
}

/** Why something of it has to stay, or nothing; `found`: whether there was anything. */
export interface Forgotten {
  readonly found: boolean;
  readonly stays?: string;
}

/** A line of its own, or within braces where a person wrote the file as JSON. */
const SALT = /^encryptionsalt:.*\r?\n?|,\s*"?encryptionsalt"?:\s*(?:'[^']*'|"[^"]*")/m;

/**
 * Removes all files that hold a secret of the stack, or decrypt one, once its resources and its state are gone. What holds secrets goes
 * first and the passphrase last, so that a run that is interrupted can be gone on from, by another removal or by a new start.
 */
export async function forget({ folder, stack, project, config }: Kept): Promise<Forgotten> {
  const there = await readdir(folder).catch(() => []);
  const state = join(folder, "state");
  const others = await otherStacks(join(state, ".pulumi", "stacks"), `${project}/${stack}`);
  await rm(join(folder, stack), { recursive: true, force: true });
  if (others.length > 0) {
    for (const part of ["backups", "history", "locks/organization"])
      await rm(join(state, ".pulumi", part, project, stack), { recursive: true, force: true });
    const backup = join(state, ".pulumi", "stacks", project, `${stack}.json.bak`);
    await rm(backup, { force: true });
    await rm(`${backup}.attrs`, { force: true });
    return { found: true, stays: `the passphrase, for ${others.join(", ")} in ${state}` };
  }
  await rm(state, { recursive: true, force: true });
  // It belongs to the passphrase: with the next one, the CLI would take it for a wrong one.
  const text = await readFile(config, "utf8").catch(() => "");
  if (SALT.test(text)) await writeFile(config, text.replace(SALT, ""));
  await rm(join(folder, "passphrase"), { force: true });
  await rmdir(folder).catch(() => {});
  return { found: there.some((name) => ["state", "passphrase", stack].includes(name)) };
}

/** Names of the stacks that somebody else has put into the same backend. */
async function otherStacks(folder: string, own: string): Promise<readonly string[]> {
  const files = await readdir(folder, { recursive: true }).catch(() => []);
  return files
    .filter((file) => /\.json(\.gz)?$/.test(file))
    .map((file) => file.replace(/\.json(\.gz)?$/, ""))
    .filter((name) => name !== own);
}
