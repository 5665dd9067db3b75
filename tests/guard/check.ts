import assert from "node:assert/strict";
import { test } from "node:test";

import { type RawStep, refusals } from "./preview.ts";

/** What there is in a preview, and what each sentence against it says, in their order. */
export type Case = readonly [title: string, steps: readonly RawStep[], ...refused: RegExp[]];

export function check(cases: readonly Case[]): void {
  for (const [title, steps, ...refused] of cases)
    test(`${refused.length === 0 ? "fine" : "refused"}: ${title}`, () => {
      const said = refusals(steps);
      assert.equal(said.length, refused.length, said.join("\n"));
      for (const [index, pattern] of refused.entries()) assert.match(said[index] ?? "", pattern);
    });
}
