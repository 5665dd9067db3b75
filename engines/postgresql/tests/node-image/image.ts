import { setTimeout as sleep } from "node:timers/promises";

import { pauseAfter } from "../../../../tests/support/containers.ts";
import { nodeImage } from "../../../../tests/support/node-image.ts";

/** The node's image as it is in the working tree. */
export function buildImage(): Promise<string> {
  return nodeImage("postgresql");
}

/** Asks until there is an answer; fails after `seconds` with the last reason why there was none. */
export async function until<T>(
  what: string,
  seconds: number,
  ask: () => Promise<{ readonly is: T } | { readonly not: string }>,
): Promise<T> {
  const begun = performance.now();
  for (;;) {
    const answer = await ask().catch((error: Error) => ({ not: error.message }));
    if ("is" in answer) return answer.is;
    const waited = performance.now() - begun;
    if (waited > seconds * 1000) throw new Error(`${what}: not within ${seconds} s: ${answer.not}`);
    await sleep(pauseAfter(waited));
  }
}
