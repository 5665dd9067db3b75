import assert from "node:assert/strict";

import { judge } from "../../tools/guard/judge.ts";
import { parsePreview } from "../../tools/guard/preview.ts";
import { askedBy } from "../../tools/guard/program.ts";
import { mutationsOf } from "./mutations.ts";
import { PASSES } from "./passes.ts";

export interface Tried {
  readonly count: number;
  readonly passed: number;
  /** Kinds of mutations that pass, and no line of `passes.ts` says why. */
  readonly unargued: readonly string[];
}

/** Judges every mutation of a preview, or every n-th. The program's part is asked once: a mutation changes none of the engine's answers. */
export async function tried(text: string, every = 1): Promise<Tried> {
  const read = parsePreview(text);
  assert.ok(read.kind === "preview", read.kind === "unreadable" ? read.why : "");
  const asked = await askedBy(read.preview);
  assert.equal(judge(read.preview, { whitelistOnly: false, asked }).kind, "fine");
  let [count, passed, index] = [0, 0, 0];
  const unargued = new Set<string>();
  for (const { type, what, preview } of mutationsOf(read.preview)) {
    index += 1;
    if (index % every !== 0) continue;
    count += 1;
    if (judge(preview, { whitelistOnly: false, asked }).kind !== "fine") continue;
    passed += 1;
    if (!PASSES.some((pass) => pass.type.test(type) && pass.what.test(what)))
      unargued.add(`${type} ${what}`);
  }
  return { count, passed, unargued: [...unargued].sort() };
}
