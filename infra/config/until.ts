const DATE = /^(\d{4}-\d{2}-\d{2})$/;
const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2}(?:\.\d+)?)([Zz]|[+-]\d{2}:\d{2})$/;
/** What Pulumi makes of an unquoted date or time when it writes a config file. */
const REWRITTEN = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}(?:\.\d+)?) ([+-]\d{2})(\d{2}) \S+$/;

/**
 * The first instant at which an entry is over, as RFC 3339 in UTC; undefined when `text` names no instant. A date means
 * until the end of that day, UTC.
 */
export function readUntil(text: string): string | undefined {
  const [, date] = DATE.exec(text) ?? [];
  if (date !== undefined) return endOf(date);
  const [, day, time, zone] = RFC3339.exec(text) ?? [];
  if (day !== undefined) return instant(day, `${time}${zone}`);
  const [, on, at, hours, minutes] = REWRITTEN.exec(text) ?? [];
  if (on === undefined) return undefined;
  // Pulumi writes a bare date as its midnight.
  if (at === "00:00:00" && hours === "+00" && minutes === "00") return endOf(on);
  return instant(on, `${at}${hours}:${minutes}`);
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
