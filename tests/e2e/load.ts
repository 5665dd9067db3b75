import type { TestContext } from "node:test";

import type { Record } from "../support/writer.ts";
import { startWriter } from "../support/writer.ts";
import { query, targets } from "./orders.ts";

/** Writers through both portals: some that keep their session, some that open one for each write. */
export function load(t: TestContext) {
  const keeping = startWriter(t, targets("primary"), "written", { sessions: 4 });
  const connecting = startWriter(t, targets("primary"), "written", {
    sessions: 2,
    everyWrite: true,
  });
  return {
    firstAck: () => Promise.all([keeping.nextAck(60_000), connecting.nextAck(60_000)]),
    stop: async (): Promise<Record> => {
      const [a, b] = await Promise.all([keeping.stop(), connecting.stop()]);
      return {
        acknowledged: [...a.acknowledged, ...b.acknowledged],
        failures: [...a.failures, ...b.failures],
      };
    },
  };
}

/** The ids of acknowledged rows that the leader doesn't have. */
export async function lostRows({ acknowledged }: Record): Promise<readonly string[]> {
  const rows = new Set((await query("SELECT id FROM written")).map(({ id }) => id));
  return acknowledged.map(({ id }) => id).filter((id) => !rows.has(id));
}

/** Attempts to connect that failed, of those begun at `from` or later. */
export const refused = ({ failures }: Record, from = 0) =>
  failures.filter(({ during, begun }) => during === "connect" && begun >= from);

export const readOnly = ({ failures }: Record) => failures.filter(({ code }) => code === "25006");

/** Longest time, in milliseconds, that anybody waited for an answer, good or bad. */
export const longestWait = ({ acknowledged, failures }: Record) =>
  Math.max(...[...acknowledged, ...failures].map(({ begun, at }) => at - begun));

/** The cap of a hold, and a moment for the answer after it. */
export const LONGEST_HOLD = 31_000;
