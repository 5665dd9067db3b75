import { access, constants } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";

export const PROJECT = resolve(import.meta.dirname, "../..");
export const AIRGAP = join(PROJECT, "tools", "airgap");

/** Shared by every clone on this machine, so that a second one builds nothing again. */
export const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "portico");

/** The first executable of that name on PATH, or in one of the `more` folders. */
export async function onPath(
  name: string,
  more: readonly string[] = [],
): Promise<string | undefined> {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== AIRGAP);
  for (const folder of [...folders, ...more]) {
    const file = join(folder, name);
    if (await isExecutable(file)) return file;
  }
  return undefined;
}

export function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
