import assert from "node:assert/strict";

import { judge, type Verdict } from "../../tools/guard/judge.ts";
import type { Preview } from "../../tools/guard/preview.ts";
import { parsePreview } from "../../tools/guard/preview.ts";
import type { Asked } from "../../tools/guard/program.ts";
import { askedBy } from "../../tools/guard/program.ts";

/** The last preview that was judged, which often is judged again with other options. */
let last: { readonly text: string; readonly asked: Asked } | undefined;

/** What the guard says against a preview, as the CLI printed it. */
export async function judged(
  text: string,
  { whitelistOnly = false } = {},
): Promise<readonly string[]> {
  const preview = parsed(text);
  if (last?.text !== text) last = { text, asked: await askedBy(preview) };
  return refusalsOf(judge(preview, { whitelistOnly, asked: last.asked }));
}

/** The same by its rules alone, of a program that isn't this one. */
export function judgedByRules(text: string): readonly string[] {
  return refusalsOf(judge(parsed(text), { whitelistOnly: false }));
}

function parsed(text: string): Preview {
  const read = parsePreview(text);
  assert.ok(read.kind === "preview", read.kind === "unreadable" ? read.why : "");
  return read.preview;
}

function refusalsOf(verdict: Verdict): readonly string[] {
  if (verdict.kind === "unknown") throw new Error(verdict.why);
  return verdict.kind === "refused" ? verdict.refusals : [];
}

/** Each pattern has its sentence, and no sentence is without one. */
export function matchesRefusals(refusals: readonly string[], expected: readonly RegExp[]): void {
  for (const pattern of expected)
    assert.ok(
      refusals.some((sentence) => pattern.test(sentence)),
      `nothing says ${pattern}: ${refusals.join("\n")}`,
    );
  assert.deepEqual(
    refusals.filter((sentence) => !expected.some((pattern) => pattern.test(sentence))),
    [],
  );
}
