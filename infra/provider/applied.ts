import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

import { z } from "zod";

/** What a portal says of itself, every 2 s and after each change. */
const Report = z.object({
  /** The portal's own clock, so only good for telling whether it moves. */
  at: z.number(),
  /** SHA-256 of the document in force there. */
  digest: z.string().nullable(),
  refused: z.object({ digest: z.string().nullable(), why: z.string() }).nullable(),
});

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
  readonly stop: AbortSignal;
}

/** When a portal last reported. Undefined: never, as far as can be read. */
export async function lastReport(path: string): Promise<number | undefined> {
  return (await read(path))?.at;
}

/** Waits until the portal has applied the document with that digest, in a report that is not the one of `before`. */
export async function awaitVerdict(
  path: string,
  digest: string,
  before: number | undefined,
  { silentMs, totalMs, stop }: Patience,
): Promise<Verdict> {
  const start = performance.now();
  let alive = false;
  for (;;) {
    const report = await read(path);
    if (report !== undefined && report.at !== before) {
      alive = true;
      if (report.digest === digest) return { kind: "applied" };
      if (report.refused?.digest === digest) return { kind: "refused", why: report.refused.why };
    }
    const waited = performance.now() - start;
    if (!alive && waited >= silentMs) return { kind: "silent" };
    if (waited >= totalMs) return { kind: "late", after: totalMs };
    await sleep(50, undefined, { signal: stop });
  }
}

async function read(path: string): Promise<z.infer<typeof Report> | undefined> {
  try {
    return Report.safeParse(JSON.parse(await readFile(path, "utf8"))).data;
  } catch {
    return undefined;
  }
}
