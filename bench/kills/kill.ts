import type { TestContext } from "node:test";

import { refused } from "../../tests/support/load.ts";
import type { Record } from "../../tests/support/writer.ts";
import { AFTER_DEATH_MS } from "../figures.ts";

/** What was seen of one kill of a node under load. Times are milliseconds. */
export interface Kill {
  readonly victim: string;
  /** From the death to the first write that the new leader acknowledged straight: the cluster's own time. Null: nobody leads. */
  readonly own: number | null;
  /** From there to the first one acknowledged through a portal; where nobody leads, from the death until no portal sent anybody there. */
  readonly added: number;
  readonly acknowledged: readonly string[];
  /** Attempts to connect that failed: begun 10 ms or more after the death, and earlier ones. */
  readonly refused: number;
  readonly refusedEarlier: number;
  /** Writes that came to a node which doesn't lead; where nobody leads, to the dead one after the portals had left it out. */
  readonly misrouted: number;
}

/** What the clients met that no engine tells differently. `died`: of the same clock as the record. */
export function metBy(
  record: Record,
  died: number,
): Pick<Kill, "acknowledged" | "refused" | "refusedEarlier"> {
  const later = refused(record, died + AFTER_DEATH_MS).length;
  return {
    acknowledged: record.acknowledged.map(({ id }) => id),
    refused: later,
    refusedEarlier: refused(record).length - later,
  };
}

/** How long the load goes on after what is measured. */
export const AFTERWARDS_MS = 2000;

/** Runs what wants to be told when it is over, as a test tells it. */
export async function untilOver<T>(use: (t: Pick<TestContext, "after">) => Promise<T>): Promise<T> {
  const cleanUps: (() => unknown)[] = [];
  const after = (end: unknown) => void cleanUps.push(end as () => unknown);
  try {
    return await use({ after });
  } finally {
    for (const end of cleanUps) end();
  }
}
