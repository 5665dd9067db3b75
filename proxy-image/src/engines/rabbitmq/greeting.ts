// A RabbitMQ node's greeting: what is judged of it, and how it is read. Pure.

import type { Role, View } from "../../model/view.ts";
import type { Polled } from "../../observe/source-state.ts";
import { leaderlessView } from "../../observe/source-state.ts";

/** Every node that greets as one of the cluster serves everybody. Pure. */
export function viewOf(cluster: string, polled: Polled<Greeting>, now: number): View {
  return leaderlessView(polled, now, (greeting, at) => roleOf(cluster, greeting, at));
}

function roleOf(cluster: string, greeting: Greeting, at: number): Role {
  if (greeting.kind === "other") return { kind: "neither", at, why: greeting.why };
  if (greeting.cluster === cluster) return { kind: "serving", at };
  const why = `answers as the cluster "${greeting.cluster ?? ""}", not "${cluster}"`;
  return { kind: "neither", at, why };
}

/** What a server sends to whoever connects, before any login. */
export type Greeting =
  | { readonly kind: "start"; readonly cluster: string | undefined }
  | { readonly kind: "other"; readonly why: string };

/** The first bytes of a client in AMQP 0-9-1. */
export const PROTOCOL_HEADER: Uint8Array = Buffer.from("AMQP\x00\x00\x09\x01", "latin1");

/** The frame of Connection.Start as far as it is always the same, but for its length: a method, on channel 0, of AMQP 0-9. */
export const START = { frame: "010000", method: "000a000a0009" } as const;

const FRAME = Buffer.from(START.frame, "hex");
const METHOD = Buffer.from(START.method, "hex");
/** Type, channel and length come before a frame's payload. */
const HEAD = 7;
const FRAME_END = 0xce;
/** Servers send about 500 bytes. */
const LONGEST = 64 * 1024;

/** Reads what came so far; undefined until it is enough. Never throws, whatever the bytes are. */
export function decodeGreeting(reply: Uint8Array): Greeting | undefined {
  const bytes = Buffer.from(reply.buffer, reply.byteOffset, reply.length);
  if (!isStartSoFar(bytes)) return OTHER;
  if (bytes.length < HEAD) return undefined;
  const length = bytes.readUInt32BE(FRAME.length);
  if (length < METHOD.length + 4 || length > LONGEST) return OTHER;
  const end = HEAD + length;
  if (bytes.length <= end) return undefined;
  if (bytes[end] !== FRAME_END) return OTHER;
  const table = HEAD + METHOD.length + 4;
  const tableEnd = table + bytes.readUInt32BE(table - 4);
  const properties = tableEnd > end ? undefined : readStrings(bytes.subarray(table, tableEnd));
  return properties ? { kind: "start", cluster: properties.get("cluster_name") } : OTHER;
}

const OTHER: Greeting = { kind: "other", why: "something answers that doesn't speak AMQP 0-9-1" };

/** What differs is known by its first byte: nothing that speaks another protocol is waited for. */
function isStartSoFar(bytes: Buffer): boolean {
  const agrees = (expected: Buffer, at: number): boolean => {
    const there = bytes.subarray(at, at + expected.length);
    return there.equals(expected.subarray(0, there.length));
  };
  return agrees(FRAME, 0) && agrees(METHOD, HEAD);
}

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

/** Types that begin with their own length. */
const COUNTED: ReadonlySet<string> = new Set(["S", "x", "A", "F"]);

function sizeOf(type: string, table: Buffer, at: number): number | undefined {
  if (!COUNTED.has(type)) return FIXED[type];
  return at + 4 > table.length ? undefined : 4 + table.readUInt32BE(at);
}
