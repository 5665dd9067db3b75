import ipaddr from "ipaddr.js";

import { canonicalCidr } from "../../proxy-image/src/cidr.ts";
import { blockOf, overlaps } from "../model/block.ts";

const SHAPE = 'must be a CIDR block such as "203.0.113.0/24" or "2001:db8::/32"';

/** Blocks of IPv6 that stand for IPv4 addresses: an entry there would let in more, or others, than it says. */
const ALIASES = [
  ["::/96", "the old IPv4-compatible addresses"],
  ["::ffff:0:0/96", "IPv4-mapped addresses"],
  ["2002::/16", "6to4 addresses"],
] as const;

/** What is wrong with the key of a whitelist entry, and what would be right. Undefined: nothing. */
export function mistakeIn(cidr: string, open: boolean): string | undefined {
  const canonical = canonicalCidr(cidr);
  if (canonical === undefined) return mapped(cidr) ?? SHAPE;
  if (canonical === "0.0.0.0/0" || canonical === "::/0") {
    if (!open)
      return "would let in the whole internet; if that is meant, say `open: true` beside the whitelist";
  } else {
    const alias = aliased(canonical);
    if (alias !== undefined) return alias;
  }
  if (cidr === canonical) return undefined;
  if (!cidr.includes("/")) return `needs a prefix length: write "${canonical}"`;
  const [address] = cidr.split("/");
  const [network] = canonical.split("/");
  return canonicalCidr(`${address}`)?.split("/")[0] === network
    ? `must be written "${canonical}"`
    : `has host bits set: write "${canonical}", or "${canonicalCidr(`${address}`)}" for that address alone`;
}

function aliased(canonical: string): string | undefined {
  const block = blockOf(canonical);
  for (const [cidr, what] of ALIASES)
    if (overlaps(block, blockOf(cidr)))
      return `overlaps ${cidr}, ${what}, which stand for IPv4: list the IPv4 block instead`;
  return undefined;
}

function mapped(cidr: string): string | undefined {
  const [address = "", length = "128"] = cidr.split("/");
  if (!ipaddr.IPv6.isValid(address)) return undefined;
  const ip = ipaddr.IPv6.parse(address);
  const bits = Number(length) - 96;
  if (!ip.isIPv4MappedAddress() || !(bits >= 0 && bits <= 32)) return undefined;
  const right = canonicalCidr(`${ip.toIPv4Address().toString()}/${bits}`);
  return `is an IPv4-mapped block: write "${right}"`;
}
