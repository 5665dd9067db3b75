import { type Block, blockOf } from "./block.ts";

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
