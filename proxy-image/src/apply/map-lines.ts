import ipaddr from "ipaddr.js";

import type { Whitelist } from "../judge/whitelist.ts";

/** 9999-12-31: what has no end. */
const NEVER = 253_402_300_799_000;

/** A line of whitelist.map: HAProxy matches the source by the key and compares its clock, in milliseconds, with the value. */
export interface MapLine {
  readonly key: string;
  readonly value: number;
}

/** Everybody is two blocks, so that `open` changes without a reload. */
const EVERYBODY: readonly MapLine[] = ["0.0.0.0/0", "::/0"].map((key) => ({ key, value: NEVER }));

/**
 * What HAProxy matches for a whitelist. It takes the longest block that a source is in, so a block within others lasts as long as
 * the one that lasts longest.
 */
export function mapLinesOf(list: Whitelist): readonly MapLine[] {
  if (list === undefined) return EVERYBODY;
  const lineOf = (cidr: string, until: number) => ({ key: cidr, value: Math.min(until, NEVER) });
  if (list.every(({ until }) => until === Number.POSITIVE_INFINITY))
    return list.map(({ cidr, until }) => lineOf(cidr, until));
  const blocks = list.map(({ cidr, until }) => ({ cidr, until, bits: bitsOf(cidr) }));
  const untils = new Map(blocks.map(({ bits, until }) => [bits, until]));
  const lengths = [...new Set(blocks.map(({ bits }) => bits.length))];
  return blocks.map(({ cidr, until, bits }) => {
    if (until === Number.POSITIVE_INFINITY) return lineOf(cidr, until);
    const outer = lengths
      .filter((length) => length < bits.length)
      .map((length) => untils.get(bits.slice(0, length)) ?? 0);
    return lineOf(cidr, Math.max(until, ...outer));
  });
}

const BITS = Array.from({ length: 256 }, (_, byte) => byte.toString(2).padStart(8, "0"));

/** The network's bits as text, behind its family: a block is within another one if its bits begin with the other's. */
function bitsOf(cidr: string): string {
  // The common case, without ipaddr.js: 100,000 entries would keep the agent's loop for a second.
  if (!cidr.includes(":")) {
    const [address = "", bits] = cidr.split("/");
    const number = address.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0);
    return `ipv4${number.toString(2).padStart(32, "0").slice(0, Number(bits))}`;
  }
  const [ip, length] = ipaddr.parseCIDR(cidr);
  const bits = ip.toByteArray().map((byte) => BITS[byte]);
  return `${ip.kind()}${bits.join("").slice(0, length)}`;
}
