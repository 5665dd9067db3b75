import { setTimeout as pause } from "node:timers/promises";

/** Asks until the answer is neither undefined nor false, and gives it. Fails with `what` when the time is over. */
export async function until<T>(
  what: string,
  ms: number,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`);
    await pause(5);
  }
}
