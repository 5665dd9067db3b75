import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Preview, Step } from "../support/cli.ts";

const GOLDENS = join(import.meta.dirname, "goldens");

/** What a preview changes, one line a resource: operation, type, name, and what makes it so. */
export function changesIn({ steps }: Preview): readonly string[] {
  return steps
    .filter(({ op }) => op !== "same" && op !== "read")
    .map((step) => [step.op, kindOf(step), nameOf(step), ...reasonsOf(step)].join(" "))
    .sort();
}

/** How many of each type a preview creates. */
export function countsIn({ steps }: Preview): readonly string[] {
  const counts = new Map<string, number>();
  for (const step of steps) {
    const key = `${step.op} ${kindOf(step)}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([key, count]) => `${key} ${count}`).sort();
}

/** Compares with a file that was reviewed; UPDATE=1 writes it anew. */
export async function matchesGolden(name: string, lines: readonly string[]): Promise<void> {
  const path = join(GOLDENS, `${name}.txt`);
  const text = `${lines.join("\n")}\n`;
  if (process.env.UPDATE) await writeFile(path, text);
  assert.equal(text, await readFile(path, "utf8"));
}

/** A resource's type, as `aws:ec2/instance:Instance`. */
export const kindOf = ({ urn }: Step): string => urn.split("::")[2]?.split("$").at(-1) ?? "";
export const nameOf = ({ urn }: Step): string => urn.split("::").slice(3).join("::");

function reasonsOf({ detailedDiff, replaceReasons }: Step): readonly string[] {
  const paths = Object.keys(detailedDiff ?? {});
  const forced = replaceReasons?.length ? [`replaced for ${replaceReasons.join(", ")}`] : [];
  return [...(paths.length > 0 ? [`(${paths.sort().join(", ")})`] : []), ...forced];
}
