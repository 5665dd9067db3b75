import { createHash } from "node:crypto";

const digests = new WeakMap<readonly string[], string>();

/** Tells one whitelist from another. A list of 100,000 is hashed once, not on every tick. */
export function whitelistDigest(list: readonly string[] | undefined): string {
  if (list === undefined) return "open";
  const known = digests.get(list);
  if (known !== undefined) return known;
  const digest = createHash("sha256").update(list.join("\n")).digest("hex");
  digests.set(list, digest);
  return digest;
}
