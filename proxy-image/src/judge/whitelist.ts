import { createHash } from "node:crypto";
import type { PortalDocument } from "../contract.ts";
import type { Block, Whitelist } from "../model/haproxy.ts";

export interface InForce {
  readonly list: Whitelist;
  /** Entries of the document that are over. */
  readonly ended: readonly Block[];
  /** The wall-clock millisecond at which this was found. Before it, an entry that is over now may not have been. */
  readonly from: number;
  /** The next wall-clock millisecond at which an entry ends. Infinity: none will. */
  readonly until: number;
}

/**
 * Who may connect at the wall-clock time `now`. An entry lets nobody in from its `until` on, and one that has ended stays so
 * (`hasEnded`), whatever the clock says later.
 */
export function whitelistAt(
  { open, whitelist }: PortalDocument,
  now: number,
  hasEnded: (block: Block) => boolean = () => false,
): InForce {
  const blocks = Object.entries(whitelist).map(([cidr, entry]) => ({
    cidr,
    until: typeof entry === "string" ? Number.POSITIVE_INFINITY : Date.parse(entry.until),
  }));
  const isOver = (block: Block) =>
    block.until !== Number.POSITIVE_INFINITY && (block.until <= now || hasEnded(block));
  const ended = blocks.filter(isOver);
  const list = blocks.filter((block) => !isOver(block)).sort((a, b) => (a.cidr < b.cidr ? -1 : 1));
  const until = list.reduce(
    (soonest, block) => Math.min(soonest, block.until),
    Number.POSITIVE_INFINITY,
  );
  return { list: open ? undefined : list, ended, from: now, until };
}

const digests = new WeakMap<readonly Block[], string>();

/** Tells one whitelist from another, by blocks and ends. A list of 100,000 is hashed once, not on every tick. */
export function whitelistDigest(list: Whitelist): string {
  if (list === undefined) return "open";
  const known = digests.get(list);
  if (known !== undefined) return known;
  const text = list.map(({ cidr, until }) => `${cidr} ${until}`).join("\n");
  const digest = createHash("sha256").update(text).digest("hex");
  digests.set(list, digest);
  return digest;
}
