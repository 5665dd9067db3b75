import { createHash, type JsonWebKey, type KeyObject, randomBytes } from "node:crypto";

/** A key pair in OpenSSH's own forms, as the real plugin gives them: without a comment, each with its newline. */
export interface OpensshForms {
  readonly publicKeyOpenssh: string;
  readonly privateKeyOpenssh: string;
  readonly publicKeyFingerprintMd5: string;
  readonly publicKeyFingerprintSha256: string;
}

export function opensshForms(key: KeyObject): OpensshForms {
  const { type, open, secret } = fieldsOf(key.export({ format: "jwk" }));
  const blob = Buffer.concat([string(type), ...open]);
  const hash = (algorithm: string) => createHash(algorithm).update(blob);
  return {
    publicKeyOpenssh: `${type} ${blob.toString("base64")}\n`,
    privateKeyOpenssh: armoured(blob, Buffer.concat([string(type), ...secret])),
    publicKeyFingerprintMd5: hash("md5")
      .digest("hex")
      .replace(/..(?=.)/g, "$&:"),
    publicKeyFingerprintSha256: `SHA256:${hash("sha256").digest("base64").replace(/=+$/, "")}`,
  };
}

/** What follows the type: in the public form, and in the private one. */
function fieldsOf(jwk: JsonWebKey) {
  const bytes = (name: keyof JsonWebKey) => Buffer.from(String(jwk[name]), "base64url");
  const number = (name: keyof JsonWebKey) => mpint(bytes(name));
  switch (jwk.kty) {
    case "OKP": {
      const open = [string(bytes("x"))];
      const secret = [...open, string(Buffer.concat([bytes("d"), bytes("x")]))];
      return { type: "ssh-ed25519", open, secret };
    }
    case "EC": {
      const curve = String(jwk.crv).replace("P-", "nistp");
      const point = Buffer.concat([Buffer.from([4]), bytes("x"), bytes("y")]);
      const open = [string(curve), string(point)];
      return { type: `ecdsa-sha2-${curve}`, open, secret: [...open, number("d")] };
    }
    case "RSA": {
      const open = [number("e"), number("n")];
      const secret = (["n", "e", "d", "qi", "p", "q"] as const).map(number);
      return { type: "ssh-rsa", open, secret };
    }
    default:
      throw new Error(`a key of type ${jwk.kty} has no OpenSSH form here`);
  }
}

/** The format openssh-key-v1, not encrypted. */
function armoured(blob: Buffer, secret: Buffer): string {
  const check = randomBytes(4);
  const bare = Buffer.concat([check, check, secret, string("")]);
  const padding = Buffer.from(Array.from({ length: (8 - (bare.length % 8)) % 8 }, (_, i) => i + 1));
  const whole = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    ...[string("none"), string("none"), string(""), uint32(1)],
    string(blob),
    string(Buffer.concat([bare, padding])),
  ]);
  const body = whole.toString("base64").replace(/.{1,70}/g, "$&\n");
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${body}-----END OPENSSH PRIVATE KEY-----\n`;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function string(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

/** A positive number: no leading zeros, but one where its first bit would make it negative. */
function mpint(value: Buffer): Buffer {
  const first = value.findIndex((byte) => byte !== 0);
  const bare = value.subarray(first === -1 ? value.length : first);
  return string((bare[0] ?? 0) < 0x80 ? bare : Buffer.concat([Buffer.from([0]), bare]));
}
