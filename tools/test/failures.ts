// A reporter of `node --test`: a line of JSON for each test that failed by itself. What those who run it print at the end is easy to
// miss in the output of an hour.
import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import type { EventData } from "node:test";

import { PROJECT } from "../setup/paths.ts";

export interface Failure {
  readonly test: string;
  /** From the project's folder. */
  readonly file: string;
  readonly why: string;
}

interface Event {
  readonly type: string;
  readonly data: unknown;
}

// biome-ignore lint/style/noDefaultExport: node takes a reporter by it.
export default async function* failures(events: AsyncIterable<Event>): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    if (type !== "test:fail") continue;
    const { name, file = "", details } = data as EventData.TestFail;
    const { failureType, cause } = details.error as Error & { readonly failureType?: string };
    // Said of its own by the one that is below.
    if (failureType === "subtestsFailed") continue;
    const why = cause instanceof Error ? cause.message : String(cause ?? details.error.message);
    const failure: Failure = { test: name, file: relative(PROJECT, file), why };
    yield `${JSON.stringify(failure)}\n`;
  }
}

/** The place of this file, for `--test-reporter`. */
export const FAILURES = import.meta.filename;

/** What the reporter has written there. Where it has written nothing, there is no file. */
export async function failuresIn(file: string): Promise<readonly Failure[]> {
  const lines = await readFile(file, "utf8").catch(() => "");
  return lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

const LONGEST_LINES = 12;

/** For a person. A long reason is cut. */
export function told({ test, file, why }: Failure): string {
  const lines = why.trim().split("\n");
  const cut = lines.length > LONGEST_LINES ? [...lines.slice(0, LONGEST_LINES), "…"] : lines;
  return [`✗ ${file}: ${test}`, ...cut.map((line) => `    ${line}`)].join("\n");
}
