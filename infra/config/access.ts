// Who may come in: a deployment's whitelist, entry by entry, and the keys of its SSH portal.
import ipaddr from "ipaddr.js";
import { z } from "zod";

import { canonicalCidr } from "../../proxy-image/src/cidr.ts";
import { KEY_NAME } from "../../proxy-image/src/contract.ts";
import { readPublicKey } from "../../proxy-image/src/ssh/public-key.ts";
import { blockOf, breadthOf, overlaps } from "../model/block.ts";
import type { Source, Ssh } from "../model/stack.ts";
import type { Report } from "./values.ts";
import { entries, isAmbiguous, isMap, QUOTES, strict, text } from "./values.ts";

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

const UntilText = z.unknown().transform((input, context) => {
  const read = readUntil(input);
  if (read.kind === "until") return read.until;
  context.addIssue(read.why);
  return z.NEVER;
});

const ByBlock = entries(
  'must be a map by CIDR block, such as { "203.0.113.0/24": "Berlin office" }',
);

const Details = strict({ note: Note.default(""), until: UntilText.optional() });

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

/** Entries that are narrow each may be the whole internet together. */
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

const BLOCK_RULE = 'must be a CIDR block such as "203.0.113.0/24" or "2001:db8::/32"';

/** Blocks of IPv6 that stand for IPv4 addresses: an entry there would let in more, or others, than it says. */
const ALIASES = [
  ["::/96", "the old IPv4-compatible addresses"],
  ["::ffff:0:0/96", "IPv4-mapped addresses"],
  ["2002::/16", "6to4 addresses"],
] as const;

/** What is wrong with the key of a whitelist entry, and what would be right. Undefined: nothing. */
function mistakeIn(cidr: string, open: boolean): string | undefined {
  const canonical = canonicalCidr(cidr);
  if (canonical === undefined) return mapped(cidr) ?? BLOCK_RULE;
  if (canonical === "0.0.0.0/0" || canonical === "::/0") {
    if (!open)
      return "would let in the whole internet; if that is meant, say `open: true` beside the whitelist";
  } else {
    const alias = aliased(canonical);
    if (alias !== undefined) return alias;
  }
  if (cidr === canonical) return undefined;
  if (!cidr.includes("/")) return `needs a prefix length: write "${canonical}"`;
  const [address] = cidr.split("/");
  const [network] = canonical.split("/");
  return canonicalCidr(`${address}`)?.split("/")[0] === network
    ? `must be written "${canonical}"`
    : `has host bits set: write "${canonical}", or "${canonicalCidr(`${address}`)}" for that address alone`;
}

function aliased(canonical: string): string | undefined {
  const block = blockOf(canonical);
  for (const [cidr, what] of ALIASES)
    if (overlaps(block, blockOf(cidr)))
      return `overlaps ${cidr}, ${what}, which stand for IPv4: list the IPv4 block instead`;
  return undefined;
}

function mapped(cidr: string): string | undefined {
  const [address = "", length = "128"] = cidr.split("/");
  if (!ipaddr.IPv6.isValid(address)) return undefined;
  const ip = ipaddr.IPv6.parse(address);
  const bits = Number(length) - 96;
  if (!ip.isIPv4MappedAddress() || !(bits >= 0 && bits <= 32)) return undefined;
  const right = canonicalCidr(`${ip.toIPv4Address().toString()}/${bits}`);
  return `is an IPv4-mapped block: write "${right}"`;
}

const DATE = /^(\d{4}-\d{2}-\d{2})$/;
const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2}(?:\.\d+)?)([Zz]|[+-]\d{2}:\d{2})$/;
/** What Pulumi makes of a date or time without quotes, as soon as it reads a config file (Go's `time.Time.String`). */
const REWRITTEN = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}(?:\.\d+)?) ([+-]\d{2})(\d{2}) [+-]?\w+$/;

type Until =
  /** The first instant at which an entry is over, as RFC 3339 in UTC. */
  | { readonly kind: "until"; readonly until: string }
  | { readonly kind: "refused"; readonly why: string };

/**
 * A date means until the end of that day, UTC. Where Pulumi has rewritten it, a bare date and its midnight look the same: that one is
 * refused. Any other time is still the instant that was written (YAML takes one without a zone for UTC).
 */
function readUntil(input: unknown): Until {
  const text = typeof input === "string" ? input.trim() : "";
  const until = untilOf(text);
  if (until !== undefined) return { kind: "until", until };
  const why =
    dateOrMidnight(text) ??
    `must be a date such as "2027-01-31" or a time such as "2027-01-31T18:00:00Z", not ${JSON.stringify(input)}`;
  return { kind: "refused", why };
}

function untilOf(text: string): string | undefined {
  const [, date] = DATE.exec(text) ?? [];
  if (date !== undefined) return endOf(date);
  const [, day, time, zone] = RFC3339.exec(text) ?? [];
  if (day !== undefined) return instant(day, `${time}${zone}`);
  const [, on, at, hours, minutes] = REWRITTEN.exec(text) ?? [];
  if (on === undefined || dateOrMidnight(text) !== undefined) return undefined;
  return instant(on, `${at}${hours}:${minutes}`);
}

/** Whether a text is what Pulumi makes of a date or time without quotes. */
const isRewritten = (text: string): boolean => REWRITTEN.test(text);

function dateOrMidnight(text: string): string | undefined {
  const [, day, time, hours, minutes] = REWRITTEN.exec(text) ?? [];
  if (day === undefined || `${time} ${hours}${minutes}` !== "00:00:00 +0000") return undefined;
  return `was written without quotes, and Pulumi made ${JSON.stringify(text)} of it, be it a date or its midnight; write it in quotes: "${day}" for the whole day, "${day}T00:00:00Z" for the instant at which it begins`;
}

function endOf(date: string): string | undefined {
  const start = instant(date, "00:00:00Z");
  if (start === undefined) return undefined;
  return new Date(Date.parse(start) + 24 * 3600 * 1000).toISOString();
}

function instant(date: string, time: string): string | undefined {
  const midnight = new Date(`${date}T00:00:00Z`);
  // JavaScript reads February 30 as March 2.
  if (Number.isNaN(midnight.getTime()) || !midnight.toISOString().startsWith(date))
    return undefined;
  const moment = new Date(`${date}T${time.toUpperCase()}`);
  return Number.isNaN(moment.getTime()) ? undefined : moment.toISOString();
}

const KEY_NAME_RULE = "must be a name of 1 to 63 letters, digits, dots, dashes, underscores and @";

const SshShape = strict({
  keys: entries('must be a map from a name to a public key, such as { ann: "ssh-ed25519 AAAA…" }'),
});

/** Who may open tunnels. Reports what is wrong with each key; nothing where a deployment asks for no SSH portal. */
export function readSsh(raw: unknown, report: Report): Ssh | undefined {
  if (raw === undefined) return undefined;
  const read = SshShape.safeParse(raw);
  for (const { path, message } of read.error?.issues ?? []) report(path, message);
  // A misspelt key beside `keys` must not hide a mistake in them.
  const written = read.data?.keys ?? looselyKeys(raw);
  const keys: Record<string, string> = {};
  const owners = new Map<string, string>();
  for (const [name, line] of written) {
    const at = ["keys", name];
    const unusable = mistakeInName(name);
    if (unusable !== undefined) report(at, unusable);
    const key = readPublicKey(typeof line === "string" ? line : "");
    if (key.kind === "refused") {
      report(at, key.why);
      continue;
    }
    const owner = owners.get(key.line);
    if (owner !== undefined) report(at, `is the same key as ${owner}'s`);
    owners.set(key.line, name);
    keys[name] = key.line;
  }
  return read.success ? { keys } : undefined;
}

function mistakeInName(name: string): string | undefined {
  if (!KEY_NAME.test(name)) return KEY_NAME_RULE;
  if (!isAmbiguous(name)) return undefined;
  return "is ambiguous: Pulumi makes 8 of 010; choose a name that begins with a letter";
}

function looselyKeys(raw: unknown): readonly (readonly [string, unknown])[] {
  const keys = (raw as { keys?: unknown } | null)?.keys;
  return isMap(keys) ? Object.entries(keys) : [];
}
