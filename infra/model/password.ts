import { createPrivateKey, hkdfSync } from "node:crypto";

/**
 * A password of 192 bits that follows from a private key (PEM, Ed25519), so that one protected key is the only thing
 * to keep. Its 32 characters need no escaping in a URI. Each `rotation` has another one; 0 is the first.
 */
export function derivePassword(privateKeyPem: string, use: string, rotation = 0): string {
  const { d } = createPrivateKey(privateKeyPem).export({ format: "jwk" });
  if (d === undefined) throw new Error("the password source is no Ed25519 key");
  // The first one's name has no number: it is older than rotation.
  const name = rotation === 0 ? use : `${use} rotation ${rotation}`;
  const bytes = hkdfSync("sha256", Buffer.from(d, "base64url"), "", `portico password ${name}`, 24);
  return Buffer.from(bytes).toString("base64url");
}
