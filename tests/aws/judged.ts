import assert from "node:assert/strict";

import { judge } from "../../tools/guard/judge.ts";
import { parsePreview } from "../../tools/guard/read-preview.ts";

/** What the guard says against a preview, as the CLI printed it. */
export function judged(text: string, { whitelistOnly = false } = {}): readonly string[] {
  const read = parsePreview(text);
  assert.ok(read.kind === "preview", read.kind === "unreadable" ? read.why : "");
  const verdict = judge(read.preview, { whitelistOnly });
  if (verdict.kind === "unknown") throw new Error(verdict.why);
  return verdict.kind === "refused" ? verdict.refusals : [];
}

/** Each pattern has its sentence, and no sentence is without one. */
export function says(refusals: readonly string[], expected: readonly RegExp[]): void {
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
