import type { Counts } from "../counts.ts";
import type { Entry } from "../document.ts";
import type { Op } from "../preview.ts";
import type { WhitelistChange } from "../whitelist-changes.ts";

/** Sentences of both forms. Notes are written by anybody who may open a pull request, so nothing in them may steer a terminal. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, " ");
}

/** `+ 203.0.113.0/24 Berlin office → orders` */
export function whitelistLine({ sign, cidr, entry, was, deployment }: WhitelistChange): string {
  const now = entry === undefined ? [] : said(entry);
  const before = was === undefined ? [] : [`(was: ${said(was).join(" ") || "no note"})`];
  return plain([sign, cidr, ...now, ...before, "→", deployment].join(" "));
}

function said({ note, until }: Entry): readonly string[] {
  return [...(note === "" ? [] : [note]), ...(until === undefined ? [] : [`until ${until}`])];
}

const WORDS: readonly (readonly [Op, string])[] = [
  ["create", "to create"],
  ["update", "to change"],
  ["replace", "to replace"],
  ["delete", "to delete"],
];

/** `orders: 1 to change, 2 to replace` */
export function countsLine({ deployment = "the stack", operations }: Counts): string {
  const parts = WORDS.flatMap(([op, word]) =>
    operations[op] ? [`${operations[op]} ${word}`] : [],
  );
  return `${deployment}: ${parts.join(", ")}`;
}
