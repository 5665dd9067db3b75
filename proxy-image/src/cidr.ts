import ipaddr from "ipaddr.js";

/**
 * The one spelling of a CIDR block that the whole product uses: network address without host bits, RFC 5952 for IPv6, a
 * prefix length always. Undefined when `text` is no address and no block. An IPv4-mapped IPv6 block has no canonical
 * form: its holder means the IPv4 one.
 */
export function canonicalCidr(text: string): string | undefined {
  if (isCanonicalIpv4(text)) return text;
  const [address = "", prefix, ...rest] = text.split("/");
  if (rest.length > 0 || !isAddress(address)) return undefined;
  const ip = ipaddr.parse(address);
  const bits = ip.kind() === "ipv4" ? 32 : 128;
  const length = prefix === undefined ? bits : Number(prefix);
  if (prefix !== undefined && !/^\d{1,3}$/.test(prefix)) return undefined;
  if (length > bits) return undefined;
  if (ip instanceof ipaddr.IPv6 && ip.isIPv4MappedAddress()) return undefined;
  const network =
    ip instanceof ipaddr.IPv4
      ? ipaddr.IPv4.networkAddressFromCIDR(`${address}/${length}`)
      : ipaddr.IPv6.networkAddressFromCIDR(`${address}/${length}`);
  return `${network instanceof ipaddr.IPv6 ? network.toRFC5952String() : network.toString()}/${length}`;
}

const BYTE = "(0|[1-9]\\d{0,2})";
const IPV4 = new RegExp(`^${BYTE}\\.${BYTE}\\.${BYTE}\\.${BYTE}/(0|[1-9]\\d?)$`);

// The common case, without ipaddr.js: 100,000 entries would keep the agent's loop from its leader for half a second.
function isCanonicalIpv4(text: string): boolean {
  const parts = IPV4.exec(text)?.slice(1).map(Number);
  if (parts === undefined) return false;
  const [length = 0, ...bytes] = parts.reverse();
  if (length > 32 || bytes.some((byte) => byte > 255)) return false;
  const number = bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
  return number % 2 ** (32 - length) === 0;
}

// ipaddr.js also reads octal, hexadecimal and short forms, which name another address elsewhere.
function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text)
    ? !/(^|\.)0\d/.test(text)
    : ipaddr.IPv6.isValid(text) && !text.includes("%");
}
