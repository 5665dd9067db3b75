import type { TestContext } from "node:test";

import type { Driver, Record, Target } from "./writer.ts";
import { startWriter } from "./writer.ts";

/** Writers through all targets: some that keep their session, some that open one for each write. */
export function loadOf(t: Pick<TestContext, "after">, targets: readonly Target[], driver: Driver) {
  const keeping = startWriter(t, targets, driver, { sessions: 4 });
  const connecting = startWriter(t, targets, driver, { sessions: 2, everyWrite: true });
  const both = (a: Record, b: Record): Record => ({
    acknowledged: [...a.acknowledged, ...b.acknowledged],
    failures: [...a.failures, ...b.failures],
  });
  return {
    record: () => both(keeping.record(), connecting.record()),
    firstAck: () => Promise.all([keeping.nextAck(60_000), connecting.nextAck(60_000)]),
    stop: async () => both(await keeping.stop(), await connecting.stop()),
  };
}

/** Attempts to connect that failed, of those begun at `from` or later. */
export const refused = ({ failures }: Record, from = 0) =>
  failures.filter(({ during, begun }) => during === "connect" && begun >= from);

/** Longest time, in milliseconds, that anybody waited for an answer, good or bad. */
export const longestWait = ({ acknowledged, failures }: Record) =>
  Math.max(...[...acknowledged, ...failures].map(({ begun, at }) => at - begun));

/** The cap of a hold, and a moment for the answer after it. */
export const LONGEST_HOLD = 31_000;
