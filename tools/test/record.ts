// A reporter of `node --test`: a line of JSON for each test that failed by itself, and for each test and file the time it took. What
// those who run it print at the end is easy to miss in the output of an hour.
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

export interface FileTime {
  readonly file: string;
  readonly seconds: number;
  /** Seconds of each test that stands at the file's top. */
  readonly tests: Readonly<Record<string, number>>;
}

/** What one stage of the tests noted. */
export interface Recorded {
  readonly failures: readonly Failure[];
  /** The slowest first. */
  readonly times: readonly FileTime[];
}

/** Of a test, or, where it has no name, of a whole file with its process. */
interface Time {
  readonly file: string;
  readonly test?: string;
  readonly seconds: number;
}

interface Event {
  readonly type: string;
  readonly data: unknown;
}

// biome-ignore lint/style/noDefaultExport: node takes a reporter by it.
export default async function* record(events: AsyncIterable<Event>): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    if (type === "test:fail") {
      const failure = failureOf(data as EventData.TestFail);
      if (failure !== undefined) yield `${JSON.stringify({ failure })}\n`;
    }
    if (type === "test:complete") {
      const time = timeOf(data as EventData.TestComplete);
      if (time !== undefined) yield `${JSON.stringify({ time })}\n`;
    }
  }
}

function failureOf({ name, file = "", details }: EventData.TestFail): Failure | undefined {
  const { failureType, cause } = details.error as Error & { readonly failureType?: string };
  // Said of its own by the one that is below.
  if (failureType === "subtestsFailed") return undefined;
  const why = cause instanceof Error ? cause.message : String(cause ?? details.error.message);
  return { test: name, file: relative(PROJECT, file), why };
}

function timeOf({ name, file, nesting, details }: EventData.TestComplete): Time | undefined {
  if (nesting !== 0 || file === undefined) return undefined;
  const seconds = Math.round(details.duration_ms) / 1000;
  // A file with a process of its own comes as a test that bears the file's name.
  const whole = file.endsWith(`/${name}`) || file === name;
  return { file: relative(PROJECT, file), seconds, ...(whole ? {} : { test: name }) };
}

/** The place of this file, for `--test-reporter`. */
export const RECORD = import.meta.filename;

/** What the reporter has written there. Where it has written nothing, there is no file. */
export async function recordedIn(file: string): Promise<Recorded> {
  const text = await readFile(file, "utf8").catch(() => "");
  const lines: readonly { readonly failure?: Failure; readonly time?: Time }[] = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
  return {
    failures: lines.flatMap(({ failure }) => failure ?? []),
    times: byFile(lines.flatMap(({ time }) => time ?? [])),
  };
}

function byFile(times: readonly Time[]): readonly FileTime[] {
  const whole = times.filter(({ test }) => test === undefined);
  // Tests of a suite that several files share bear the suite's file: where files have processes of their own, theirs count already.
  const files = new Set((whole.length > 0 ? whole : times).map(({ file }) => file));
  return [...files]
    .map((file) => {
      const all = times.filter((time) => time.file === file);
      const tests = all.flatMap(({ test, seconds }) =>
        test === undefined ? [] : [[test, seconds] as const],
      );
      const sum = tests.reduce((sum, [, seconds]) => sum + seconds, 0);
      return {
        file,
        seconds: whole.find((one) => one.file === file)?.seconds ?? Math.round(sum * 1000) / 1000,
        tests: Object.fromEntries(tests),
      };
    })
    .sort((a, b) => b.seconds - a.seconds);
}

const LONGEST_LINES = 12;

/** For a person. A long reason is cut. */
export function describe({ test, file, why }: Failure): string {
  const lines = why.trim().split("\n");
  const cut = lines.length > LONGEST_LINES ? [...lines.slice(0, LONGEST_LINES), "…"] : lines;
  return [`✗ ${file}: ${test}`, ...cut.map((line) => `    ${line}`)].join("\n");
}
