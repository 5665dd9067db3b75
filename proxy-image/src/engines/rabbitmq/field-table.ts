/**
 * Reads the strings of an AMQP 0-9-1 field table by their names; whatever else is in it is passed over. Undefined where the
 * bytes are no such table. Types as RabbitMQ has them, which differ from the standard's:
 * https://www.rabbitmq.com/amqp-0-9-1-errata
 */
export function readStrings(table: Buffer): ReadonlyMap<string, string> | undefined {
  const strings = new Map<string, string>();
  let at = 0;
  while (at < table.length) {
    const nameEnd = at + 1 + (table[at] ?? 0);
    // The name, and the byte of the type.
    if (nameEnd + 1 > table.length) return undefined;
    const name = table.toString("latin1", at + 1, nameEnd);
    const type = String.fromCharCode(table[nameEnd] ?? 0);
    const value = nameEnd + 1;
    const size = sizeOf(type, table, value);
    if (size === undefined || value + size > table.length) return undefined;
    if (type === "S") strings.set(name, table.toString("utf8", value + 4, value + size));
    at = value + size;
  }
  return strings;
}

const FIXED: Readonly<Record<string, number>> = {
  ...{ V: 0, t: 1, b: 1, B: 1, s: 2, u: 2, U: 2, I: 4, i: 4, f: 4, D: 5, L: 8, l: 8, d: 8, T: 8 },
};

/** Types that say their own length first. */
const COUNTED: ReadonlySet<string> = new Set(["S", "x", "A", "F"]);

function sizeOf(type: string, table: Buffer, at: number): number | undefined {
  if (!COUNTED.has(type)) return FIXED[type];
  return at + 4 > table.length ? undefined : 4 + table.readUInt32BE(at);
}
