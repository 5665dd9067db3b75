import type { PortalDocument } from "../contract.ts";

/** Canonical blocks that may connect, sorted; `undefined`: everybody may. */
export type Whitelist = readonly Block[] | undefined;

export interface Block {
  readonly cidr: string;
  /** The wall-clock millisecond from which it lets nobody in. Infinity: it has no end. */
  readonly until: number;
}

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
