import { readFileSync } from "node:fs";
import { mkdir, open, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Two writers of one file must not meet in the file beside it. */
let writes = 0;

/** Replaces a file in one step, so that a reader or a crash never meets a half. Readable by the group, HAProxy's, unless said otherwise. */
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

/** Replaces a file so that a reader, or a crash, finds either the old text or the new one, and the new one lasts. */
export async function writeDurably(path: string, text: string, mode = 0o600): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const next = `${path}.next`;
  const file = await open(next, "w", mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(next, path);
}
