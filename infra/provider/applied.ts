import { setTimeout as sleep } from "node:timers/promises";

import { z } from "zod";

/** Bytes. What a portal reports is far below. */
export const LONGEST_REPORT = 64 * 1024;

/** A reason goes to a person's terminal: one line of plain text, whatever a portal sends. */
const Why = z.string().transform((why) => why.replace(/\p{C}+/gu, " ").slice(0, 1000));

/** What a portal says of itself, again and again and after each change. */
const Report = z.object({
  /** The portal's own clock, so only good for telling whether it moves. */
  at: z.number(),
  /** SHA-256 of the document in force there. */
  digest: z.string().nullable(),
  refused: z.object({ digest: z.string().nullable(), why: Why }).nullable(),
});

export type Report = z.infer<typeof Report>;

export type Verdict =
  | { readonly kind: "applied" }
  | { readonly kind: "refused"; readonly why: string }
  /** Its report does not move, or there is none. */
  | { readonly kind: "silent" }
  /** It lives, but the document was not in force there in time. */
  | { readonly kind: "late"; readonly after: number };

export interface Patience {
  /** A portal whose report has not moved for so long is silent. */
  readonly silentMs: number;
  readonly totalMs: number;
  /** Between two looks. */
  readonly everyMs: number;
  readonly stop: AbortSignal;
}

/** Undefined: there is none that can be read. */
export function parseReport(text: string): Report | undefined {
  try {
    return Report.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/**
 * Waits until the portal has applied the document with that digest, in a report that is not the one of `before`. `read` gives what
 * it says at this moment.
 */
export async function awaitVerdict(
  read: () => Promise<Report | undefined>,
  digest: string,
  before: number | undefined,
  { silentMs, totalMs, everyMs, stop }: Patience,
): Promise<Verdict> {
  const start = performance.now();
  let alive = false;
  for (;;) {
    const report = await read();
    if (report !== undefined && report.at !== before) {
      alive = true;
      if (report.digest === digest) return { kind: "applied" };
      if (report.refused?.digest === digest) return { kind: "refused", why: report.refused.why };
    }
    const waited = performance.now() - start;
    if (!alive && waited >= silentMs) return { kind: "silent" };
    if (waited >= totalMs) return { kind: "late", after: totalMs };
    await sleep(everyMs, undefined, { signal: stop });
  }
}
