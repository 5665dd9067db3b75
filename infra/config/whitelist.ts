import { z } from "zod";

import type { Source } from "../model/stack.ts";
import type { Report } from "./report.ts";
import { mistakeIn } from "./source.ts";
import { strict } from "./strict.ts";
import { readUntil } from "./until.ts";

/** The CLI writes a note that looks like a number or a truth value as one. */
const Note = z
  .union([z.string(), z.number(), z.boolean(), z.null()], {
    error: "must be a note (text), or a map with the keys note, until",
  })
  .transform((note) => String(note ?? ""));

const Until = z.unknown().transform((input, context) => {
  const until = typeof input === "string" ? readUntil(input.trim()) : undefined;
  if (until !== undefined) return until;
  context.addIssue(
    `must be a date such as "2027-01-31" or a time such as "2027-01-31T18:00:00Z", not ${JSON.stringify(input)}`,
  );
  return z.NEVER;
});

const Details = strict({ note: Note.default(""), until: Until.optional() });

/** A map by CIDR. Reports what is wrong with each entry; `open` allows the whole internet. */
export function readWhitelist(raw: unknown, open: boolean, report: Report): readonly Source[] {
  const map = z.record(z.string(), z.unknown()).safeParse(raw ?? {});
  if (!map.success) {
    report([], 'must be a map by CIDR block, such as { "203.0.113.0/24": "Berlin office" }');
    return [];
  }
  return Object.entries(map.data).flatMap(([cidr, entry]) => {
    const mistake = mistakeIn(cidr, open);
    if (mistake !== undefined) report([cidr], mistake);
    const details = typeof entry === "object" && entry !== null;
    const read = details ? Details.safeParse(entry) : Note.safeParse(entry);
    for (const { path, message } of read.error?.issues ?? []) report([cidr, ...path], message);
    if (!read.success || mistake !== undefined) return [];
    return [sourceOf(cidr, read.data)];
  });
}

function sourceOf(cidr: string, entry: string | z.infer<typeof Details>): Source {
  if (typeof entry === "string") return { cidr, note: entry };
  const { note, until } = entry;
  return until === undefined ? { cidr, note } : { cidr, note, until };
}
