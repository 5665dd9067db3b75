// Whether a portal has applied a document: by its report, within a time, and what becomes of an update if it hasn't.
import { setTimeout as sleep } from "node:timers/promises";

import { z } from "zod";

import type { Props } from "./kind.ts";

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

export type Verdicts = readonly { readonly name: string; readonly verdict: Verdict }[];

/** Throws where a portal that lives doesn't follow. The engine then remembers what was written, and that it is not in force. */
export function failOn(verdicts: Verdicts, id: string, props: Props): void {
  const failures = verdicts.flatMap(failure);
  if (failures.length > 0) throw new InitError(id, props, failures);
}

function failure({ name, verdict }: Verdicts[number]): readonly string[] {
  if (verdict.kind === "refused")
    return [`${name} refused the document and keeps the last good one: ${verdict.why}`];
  if (verdict.kind === "late")
    return [`${name} runs, but did not apply the document in ${verdict.after / 1000} s`];
  return [];
}

/** The shape that Pulumi's provider server takes for "it is there, but not right". */
class InitError extends Error {
  readonly id: string;
  readonly properties: Props;
  readonly reasons: readonly string[];

  constructor(id: string, properties: Props, reasons: readonly string[]) {
    super(reasons.join("; "));
    this.id = id;
    this.properties = properties;
    this.reasons = reasons;
  }
}
