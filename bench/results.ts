import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

const RESULTS = join(import.meta.dirname, "results");

/** Writes what was measured at `at` (ISO) into a file of its own, and returns its path. */
export async function keep(kind: string, at: string, report: unknown): Promise<string> {
  await mkdir(RESULTS, { recursive: true });
  const file = join(RESULTS, `${kind}${at.replaceAll(":", "-")}.json`);
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
  return file;
}
