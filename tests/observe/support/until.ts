import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

/** Waits until the condition holds. Fails, with what was waited for, when it doesn't within the bound. */
export async function until(what: string, isTrue: () => boolean, boundMs = 30_000): Promise<void> {
  const end = performance.now() + boundMs;
  while (!isTrue()) {
    assert.ok(performance.now() < end, `${what} within ${boundMs} ms`);
    await sleep(5);
  }
}
