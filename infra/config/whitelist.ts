import { z } from "zod";

import { breadthOf } from "../model/breadth.ts";
import type { Source } from "../model/stack.ts";
import type { Report } from "./report.ts";
import { mistakeIn } from "./source.ts";
import { entries, strict } from "./strict.ts";
import { QUOTES, text } from "./text.ts";
import { isRewritten, readUntil } from "./until.ts";

const NOTE = "must be a note (text), or a map with the keys note, until";

/** Nothing at all is an empty note. Any other value may have been other text: 15 may have been 017. */
const Note = z
  .union([text(NOTE), z.null()], {
    error: ({ input }) =>
      ["number", "boolean"].includes(typeof input)
        ? `${NOTE}; it came as ${JSON.stringify(input)}, so ${QUOTES}`
        : NOTE,
  })
  .transform((note) => note ?? "")
  .refine((note) => !isRewritten(note), {
    error: ({ input }) => `was read as ${input}: ${QUOTES}`,
  });

const Until = z.unknown().transform((input, context) => {
  const read = readUntil(input);
  if (read.kind === "until") return read.until;
  context.addIssue(read.why);
  return z.NEVER;
});

const ByBlock = entries(
  'must be a map by CIDR block, such as { "203.0.113.0/24": "Berlin office" }',
);

const Details = strict({ note: Note.default(""), until: Until.optional() });

/** A map by CIDR. Reports what is wrong with each entry; `open` allows the whole internet. */
export function readWhitelist(raw: unknown, open: boolean, report: Report): readonly Source[] {
  const map = ByBlock.safeParse(raw ?? {});
  for (const { message } of map.error?.issues ?? []) report([], message);
  const sources = (map.data ?? []).flatMap(([cidr, entry]) => {
    const mistake = mistakeIn(cidr, open);
    if (mistake !== undefined) report([cidr], mistake);
    const details = typeof entry === "object" && entry !== null;
    const read = details ? Details.safeParse(entry) : Note.safeParse(entry);
    for (const { path, message } of read.error?.issues ?? []) report([cidr, ...path], message);
    if (!read.success || mistake !== undefined) return [];
    return [sourceOf(cidr, read.data)];
  });
  if (!open) reportBreadth(sources, report);
  return sources;
}

/** Entries that are narrow one by one may be the whole internet together. */
function reportBreadth(sources: readonly Source[], report: Report): void {
  const { v4, v6 } = breadthOf(sources.map(({ cidr }) => cidr));
  for (const [family, share] of [
    ["IPv4", v4],
    ["IPv6", v6],
  ] as const)
    if (share >= 0.5)
      report(
        [],
        `would let in ${share === 1 ? "all" : "half or more"} of ${family}, all entries together; if that is meant, say \`open: true\` beside the whitelist`,
      );
}

function sourceOf(cidr: string, entry: string | z.infer<typeof Details>): Source {
  if (typeof entry === "string") return { cidr, note: entry };
  const { note, until } = entry;
  return until === undefined ? { cidr, note } : { cidr, note, until };
}
