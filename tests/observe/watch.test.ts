import assert from "node:assert/strict";
import { test } from "node:test";

import type { Exchanged } from "../../proxy-image/src/observe/line.ts";
import { watch } from "../../proxy-image/src/observe/watch.ts";
import { until } from "../support/until.ts";

const HURRIED = { everyMs: 1, deadlineMs: 1000, depth: 2 };

/** A source that answers late, and counts the questions that are under way at once. */
function slowLine() {
  let [now, most] = [0, 0];
  const ask = async (): Promise<Exchanged<string>> => {
    now++;
    most = Math.max(most, now);
    await new Promise((done) => setTimeout(done, 20));
    now--;
    return { kind: "answer", answer: "yes" };
  };
  return { line: { ask, stop: () => {} }, most: () => most };
}

for (const [what, extra, most] of [
  ["one question at a time, where a line takes no more", {}, 1],
  ["two at a time in a hurry, where it does", { setDepth: () => {} }, 2],
] as const)
  test(`a source is asked ${what}`, async (t) => {
    const slow = slowLine();
    let answers = 0;
    const watching = watch({
      line: { ...slow.line, ...extra },
      clock: () => performance.now(),
      pace: () => HURRIED,
      onAnswer: () => answers++,
      onMiss: () => assert.fail("it answers"),
    });
    t.after(watching.stop);

    await until("ten answers", 10_000, () => answers >= 10);

    assert.equal(slow.most(), most);
  });
