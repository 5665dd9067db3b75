import { Buffer } from "node:buffer";

/** A public key of OpenSSH's, as the whole product spells it: its type and its base64, no comment. */
export type PublicKey =
  | { readonly kind: "key"; readonly line: string }
  | { readonly kind: "refused"; readonly why: string };

const LEAST_RSA_BITS = 3072;
const USUAL = 'must be the line of a .pub file, such as "ssh-ed25519 AAAA…"';

/** What the fields of a key are to be, after the first, which repeats the type. The reason, where they are not. */
type Rule = (fields: readonly Buffer[]) => string | undefined;

const RULES: Readonly<Record<string, Rule>> = {
  "ssh-ed25519": ([point, ...rest]) => exactly(rest, 0) ?? ed25519(point),
  "sk-ssh-ed25519@openssh.com": ([point, application, ...rest]) =>
    exactly(rest, 0) ?? ed25519(point) ?? text(application),
  "ecdsa-sha2-nistp256": ecdsa("nistp256", 32),
  "ecdsa-sha2-nistp384": ecdsa("nistp384", 48),
  "ecdsa-sha2-nistp521": ecdsa("nistp521", 66),
  "sk-ecdsa-sha2-nistp256@openssh.com": ([curve, point, application, ...rest]) =>
    ecdsa("nistp256", 32)([curve, point, ...rest].flatMap((field) => field ?? [])) ??
    text(application),
  "ssh-rsa": ([exponent, modulus, ...rest]) => exactly(rest, 0) ?? rsa(exponent, modulus),
};

const TYPES = Object.keys(RULES);

/** Reads one line of a .pub file. A comment is dropped; nothing may stand in front of the type. */
export function readPublicKey(line: string): PublicKey {
  const refused = (why: string): PublicKey => ({ kind: "refused", why });
  if (/PRIVATE KEY/.test(line))
    return refused(`is a private key, which belongs nowhere but with its owner: ${USUAL}`);
  if (/[\p{Cc}]/u.test(line.trim()))
    return refused(`has more than one line, or a control character: ${USUAL}`);
  const words = line.trim().split(/ +/);
  const [type = "", base64 = ""] = words;
  const rule = Object.hasOwn(RULES, type) ? RULES[type] : undefined;
  if (rule === undefined) return refused(whyNoType(words));
  const blob = Buffer.from(base64, "base64");
  if (base64 === "" || blob.toString("base64") !== base64)
    return refused(`has no whole base64 after ${type}: ${USUAL}`);
  const fields = fieldsOf(blob);
  if (fields === undefined) return refused("is cut short: its base64 doesn't hold a whole key");
  const [own, ...rest] = fields;
  if (own?.toString("latin1") !== type)
    return refused(`says ${type}, but its base64 holds ${quoted(own)}`);
  const why = rule(rest);
  return why === undefined ? { kind: "key", line: `${type} ${base64}` } : refused(why);
}

function whyNoType(words: readonly string[]): string {
  const [type = ""] = words;
  const known = `the types are ${TYPES.join(", ")}`;
  if (words.slice(1).some((word) => TYPES.includes(word)))
    return `has options in front of its type, and none are taken: ${USUAL}`;
  if (/-cert-v01@/.test(type)) return `is a certificate, and keys alone are taken; ${known}`;
  if (type === "ssh-dss") return `is of type ssh-dss, which is broken; ${known}`;
  return `must begin with its type; ${known}`;
}

function exactly(rest: readonly Buffer[], count: number): string | undefined {
  return rest.length === count ? undefined : "has more in its base64 than a key of its type";
}

function ed25519(point: Buffer | undefined): string | undefined {
  return point?.length === 32 ? undefined : "is no Ed25519 key: its point must be 32 bytes";
}

function ecdsa(name: string, bytes: number): Rule {
  return ([curve, point, ...rest]) => {
    if (curve?.toString("latin1") !== name)
      return `is of type ${name}, but on curve ${quoted(curve)}`;
    if (point?.length !== 1 + 2 * bytes || point[0] !== 4)
      return `is no key on ${name}: its point must be uncompressed, ${1 + 2 * bytes} bytes`;
    return exactly(rest, 0);
  };
}

function rsa(exponent: Buffer | undefined, modulus: Buffer | undefined): string | undefined {
  if (exponent === undefined || modulus === undefined) return "is no RSA key: it has no modulus";
  const bits = lengthOf(modulus);
  if (bits < LEAST_RSA_BITS) return `is an RSA key of ${bits} bits: ${LEAST_RSA_BITS} at least`;
  return lengthOf(exponent) < 2 ? "is no RSA key: its exponent is too small" : undefined;
}

function text(application: Buffer | undefined): string | undefined {
  return application === undefined ? "is no security key: it names no application" : undefined;
}

function quoted(field: Buffer | undefined): string {
  return JSON.stringify((field ?? Buffer.alloc(0)).toString("latin1").slice(0, 40));
}

/** The fields of an SSH blob: each a length of four bytes, and as many bytes. Undefined: the last one is not whole. */
function fieldsOf(blob: Buffer): readonly Buffer[] | undefined {
  const fields: Buffer[] = [];
  let at = 0;
  while (at < blob.length) {
    if (at + 4 > blob.length) return undefined;
    const end = at + 4 + blob.readUInt32BE(at);
    if (end > blob.length) return undefined;
    fields.push(blob.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

/** Bits of a positive number, as SSH writes one: no leading zeros but a byte that keeps it positive. */
function lengthOf(number: Buffer): number {
  const first = number.findIndex((byte) => byte !== 0);
  const top = number[first];
  // A first bit that is set would make it negative.
  if (top === undefined || (number[0] ?? 0) >= 0x80) return 0;
  return (number.length - first) * 8 - (Math.clz32(top) - 24);
}
