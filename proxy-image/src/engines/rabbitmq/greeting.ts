import { readStrings } from "./field-table.ts";

/** What a server says to whoever connects, before any login. */
export type Greeting =
  | { readonly kind: "start"; readonly cluster: string | undefined }
  | { readonly kind: "other"; readonly why: string };

/** A client's first word in AMQP 0-9-1. */
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
