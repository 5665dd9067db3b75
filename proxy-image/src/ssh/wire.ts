import type { Buffer } from "node:buffer";

/** The fields of an SSH blob: each a length of four bytes, and as many bytes. Undefined: the last one is not whole. */
export function fieldsOf(blob: Buffer): readonly Buffer[] | undefined {
  const fields: Buffer[] = [];
  let at = 0;
  while (at < blob.length) {
    if (at + 4 > blob.length) return undefined;
    const end = at + 4 + blob.readUInt32BE(at);
    if (end > blob.length) return undefined;
    fields.push(blob.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

/** Bits of a positive number, as SSH writes one: no leading zeros but a byte that keeps it positive. */
export function lengthOf(number: Buffer): number {
  const first = number.findIndex((byte) => byte !== 0);
  const top = number[first];
  // A first bit that is set would make it negative.
  if (top === undefined || (number[0] ?? 0) >= 0x80) return 0;
  return (number.length - first) * 8 - (Math.clz32(top) - 24);
}
