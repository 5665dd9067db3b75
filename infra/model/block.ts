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
