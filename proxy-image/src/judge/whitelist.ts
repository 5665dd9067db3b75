import type { PortalDocument } from "../contract.ts";

export interface InForce {
  /** Sorted canonical blocks that may connect; `undefined`: everybody may. */
  readonly list: readonly string[] | undefined;
  /** The wall-clock millisecond at which this was found. Before it, an entry that is over now may not have been. */
  readonly from: number;
  /** The next wall-clock millisecond at which an entry expires. Infinity: none will. */
  readonly until: number;
}

/** Who may connect at the wall-clock time `now`. An entry lets nobody in from its `until` on. */
export function whitelistAt({ open, whitelist }: PortalDocument, now: number): InForce {
  if (open) return { list: undefined, from: now, until: Number.POSITIVE_INFINITY };
  let until = Number.POSITIVE_INFINITY;
  const list: string[] = [];
  for (const [cidr, entry] of Object.entries(whitelist)) {
    const end = typeof entry === "string" ? Number.POSITIVE_INFINITY : Date.parse(entry.until);
    if (end <= now) continue;
    list.push(cidr);
    until = Math.min(until, end);
  }
  return { list: list.sort(), from: now, until };
}
