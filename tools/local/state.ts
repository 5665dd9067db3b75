import { randomBytes } from "node:crypto";
import { access, constants, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { z } from "zod";

import { PROJECT } from "../setup/paths.ts";
import { PULUMI_HOME } from "../setup/plugins.ts";
import { SetupError } from "../setup/setup-error.ts";
import type { Kept } from "./forget.ts";

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
