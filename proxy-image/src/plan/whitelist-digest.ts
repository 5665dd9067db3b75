import { createHash } from "node:crypto";

import type { Block, Whitelist } from "../judge/whitelist.ts";

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
