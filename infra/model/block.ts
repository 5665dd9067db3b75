// Arithmetic on CIDR blocks: overlap, nesting, and how much of the internet a whitelist lets in.
import ipaddr from "ipaddr.js";

/** A CIDR block as the range of addresses that it is. Both ends belong to it. */
export interface Block {
  readonly family: "ipv4" | "ipv6";
  readonly first: bigint;
  readonly last: bigint;
}

/** `cidr` is canonical: whoever reads it from a person has checked that. */
export function blockOf(cidr: string): Block {
  const [ip, length] = ipaddr.parseCIDR(cidr);
  const bytes = ip.toByteArray();
  const first = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return { family: ip.kind(), first, last: first + 2n ** BigInt(bytes.length * 8 - length) - 1n };
}

export function contains(outer: Block, inner: Block): boolean {
  return outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last;
}

export function overlaps(a: Block, b: Block): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

/** The IPv4 address `offset` above the first one of the block. */
export function addressIn(cidr: string, offset: number): string {
  const block = blockOf(cidr);
  const address = block.first + BigInt(offset);
  if (block.family !== "ipv4" || address > block.last)
    throw new RangeError(`${cidr} has no IPv4 address number ${offset}`);
  return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join(".");
}

export interface Nesting {
  readonly inner: string;
  readonly outer: string;
}

/**
 * The entries that lie inside another entry, each with the narrowest one around it. Blocks either nest or are apart, so
 * one pass over them in order is enough: 100,000 entries take part of a second.
 */
export function findNested(cidrs: Iterable<string>): readonly Nesting[] {
  const sorted = Array.from(cidrs, (cidr) => ({ cidr, block: blockOf(cidr) })).sort(
    (a, b) =>
      a.block.family.localeCompare(b.block.family) ||
      compare(a.block.first, b.block.first) ||
      compare(b.block.last, a.block.last),
  );
  const nested: Nesting[] = [];
  const around: typeof sorted = [];
  for (const entry of sorted) {
    let outer = around.at(-1);
    while (outer !== undefined && !contains(outer.block, entry.block)) {
      around.pop();
      outer = around.at(-1);
    }
    if (outer !== undefined) nested.push({ inner: entry.cidr, outer: outer.cidr });
    around.push(entry);
  }
  return nested;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : Number(a > b);
}

const ADDRESSES = { ipv4: 2n ** 32n, ipv6: 2n ** 128n } as const;
/** Digits of a share that are kept: a single IPv6 address is 2^-128 of its family, and still more than nothing. */
const SCALE = 2n ** 128n;

/** How much of each family's addresses the union of the blocks holds, from 0 to 1. Blocks that overlap count once. */
export function breadthOf(cidrs: readonly string[]): { readonly v4: number; readonly v6: number } {
  const blocks = cidrs.map(blockOf);
  return { v4: share(blocks, "ipv4"), v6: share(blocks, "ipv6") };
}

function share(blocks: readonly Block[], family: Block["family"]): number {
  const own = blocks.filter((block) => block.family === family);
  return Number((size(own) * SCALE) / ADDRESSES[family]) / Number(SCALE);
}

/** The number of addresses in the union. */
function size(blocks: readonly Block[]): bigint {
  let total = 0n;
  /** The first address above all blocks so far. */
  let next = 0n;
  for (const { first, last } of blocks.toSorted((a, b) => (a.first < b.first ? -1 : 1))) {
    const from = first > next ? first : next;
    if (last < from) continue;
    total += last - from + 1n;
    next = last + 1n;
  }
  return total;
}
