import { readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

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
