import { readFileSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Two writers of one file must not meet in the file beside it. */
let writes = 0;

/**
 * Replaces a file in one step, and for good: a reader, or a crash, finds either the old text or the new one. Readable by the group, HAProxy's,
 * unless said otherwise.
 */
export async function replaceFile(path: string, text: string, mode = 0o640): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o750 });
  const next = `${path}.new${++writes % 8}`;
  await writeFile(next, text, { mode, flush: true });
  await rename(next, path);
}

export function readFileOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return otherwise;
  }
}

/** The same, for what nobody but the agent may read. */
export const writeDurably = (path: string, text: string): Promise<void> =>
  replaceFile(path, text, 0o600);
