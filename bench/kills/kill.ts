import type { TestContext } from "node:test";

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

/** An attempt that began this long after the death could not have reached the dead. */
export const AFTER_DEATH_MS = 10;

/** How long the load goes on after what is measured. */
export const AFTERWARDS_MS = 2000;

/** Runs what wants to be told when it is over, as a test tells it. */
export async function untilOver<T>(use: (t: Pick<TestContext, "after">) => Promise<T>): Promise<T> {
  const ending: (() => unknown)[] = [];
  const after = (end: unknown) => void ending.push(end as () => unknown);
  try {
    return await use({ after });
  } finally {
    for (const end of ending) end();
  }
}
