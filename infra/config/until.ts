const DATE = /^(\d{4}-\d{2}-\d{2})$/;
const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2}(?:\.\d+)?)([Zz]|[+-]\d{2}:\d{2})$/;
/** What Pulumi makes of a date or time without quotes, as soon as it reads a config file (Go's `time.Time.String`). */
const REWRITTEN = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}(?:\.\d+)?) ([+-]\d{2})(\d{2}) [+-]?\w+$/;

export type Until =
  /** The first instant at which an entry is over, as RFC 3339 in UTC. */
  | { readonly kind: "until"; readonly until: string }
  | { readonly kind: "refused"; readonly why: string };

/**
 * A date means until the end of that day, UTC. Where Pulumi has rewritten it, a bare date and its midnight look the same: that one is
 * refused. Any other time is still the instant that was written (YAML takes one without a zone for UTC).
 */
export function readUntil(input: unknown): Until {
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

/** Of any text: whether Pulumi has put it in the place of a date or time without quotes. */
export const isRewritten = (text: string): boolean => REWRITTEN.test(text);

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
