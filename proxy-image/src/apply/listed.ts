import { canonicalCidr } from "../cidr.ts";
import type { Whitelist } from "../judge/whitelist.ts";

/**
 * Tells whether a source is on a list. Entries are canonical, so an address is on the list if one of its own blocks, one for
 * each prefix length in use, is spelt there: no parsing of 100,000 entries, which would stop the agent for a while.
 */
export function listedIn(list: Whitelist): (source: string) => boolean {
  if (list === undefined) return () => true;
  const entries = new Set(list.map(({ cidr }) => cidr));
  const lengths = { v4: new Set<number>(), v6: new Set<number>() };
  for (const entry of entries) {
    const slash = entry.indexOf("/");
    (entry.includes(":") ? lengths.v6 : lengths.v4).add(Number(entry.slice(slash + 1)));
  }
  const known = new Map<string, boolean>();
  return (source) => {
    const before = known.get(source);
    if (before !== undefined) return before;
    const own = source.includes(":") ? lengths.v6 : lengths.v4;
    const listed = [...own].some((length) => {
      const block = canonicalCidr(`${source}/${length}`);
      return block !== undefined && entries.has(block);
    });
    known.set(source, listed);
    return listed;
  };
}
