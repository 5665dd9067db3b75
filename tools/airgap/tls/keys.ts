// Private keys: how they are made, their OpenSSH forms, and how they sign.
import type { JsonWebKey, KeyObject } from "node:crypto";
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  webcrypto,
} from "node:crypto";

import { z } from "zod";

import type { Kind, State } from "../plugin/kind.ts";

const inputs = z.strictObject({
  algorithm: z.enum(["ECDSA", "ED25519", "RSA"]),
  ecdsaCurve: z.enum(["P256", "P384", "P521"]).optional(),
  rsaBits: z.int().min(1024).optional(),
});

/** A key is born once and never changes: any other input makes another key. */
export const privateKey: Kind<z.infer<typeof inputs>> = {
  inputs,
  inPlace: [],
  computed: [
    ...["privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"],
    ...["publicKeyPem", "publicKeyOpenssh"],
    ...["publicKeyFingerprintMd5", "publicKeyFingerprintSha256"],
  ],
  secrets: ["privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"],
  async create(wanted) {
    const { privateKey: key, publicKey } = generate(wanted);
    const publicDer = publicKey.export({ type: "spki", format: "der" });
    return {
      id: createHash("sha1").update(publicDer).digest("hex"),
      outputs: {
        ecdsaCurve: wanted.ecdsaCurve ?? "P224",
        rsaBits: wanted.rsaBits ?? 2048,
        ...pems(wanted.algorithm, key),
        ...opensshForms(key),
        publicKeyPem: publicKey.export({ type: "spki", format: "pem" }),
      },
    };
  },
  read: async (_id, state) => state,
  update: async () => ({}),
  remove: async () => {},
};

function generate({ algorithm, ecdsaCurve, rsaBits }: z.infer<typeof inputs>) {
  switch (algorithm) {
    case "ECDSA":
      if (!ecdsaCurve) throw new Error("the default curve, P224, is understood by few: name one");
      return generateKeyPairSync("ec", { namedCurve: ecdsaCurve.replace("P", "P-") });
    case "ED25519":
      return generateKeyPairSync("ed25519");
    case "RSA":
      return generateKeyPairSync("rsa", { modulusLength: rsaBits ?? 2048 });
  }
}

function pems(algorithm: z.infer<typeof inputs>["algorithm"], key: KeyObject): State {
  const pkcs8 = key.export({ type: "pkcs8", format: "pem" });
  const type = { ECDSA: "sec1", RSA: "pkcs1", ED25519: "pkcs8" } as const;
  return {
    privateKeyPem: key.export({ type: type[algorithm], format: "pem" }),
    privateKeyPemPkcs8: pkcs8,
  };
}

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

export interface SigningKey {
  readonly keys: webcrypto.CryptoKeyPair;
  readonly algorithm: webcrypto.EcdsaParams | webcrypto.Algorithm;
  /** As the real plugin calls it in `keyAlgorithm`. */
  readonly name: "ECDSA" | "ED25519" | "RSA";
}

/** A private key in any PEM form, ready to sign a certificate or a request. */
export async function signingKey(pem: string): Promise<SigningKey> {
  const key = createPrivateKey(pem);
  const { name, algorithm } = algorithmOf(key);
  const { subtle } = webcrypto;
  const pkcs8 = key.export({ type: "pkcs8", format: "der" });
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  return {
    name,
    algorithm,
    keys: {
      privateKey: await subtle.importKey("pkcs8", pkcs8, algorithm, true, ["sign"]),
      publicKey: await subtle.importKey("spki", spki, algorithm, true, ["verify"]),
    },
  };
}

function algorithmOf(key: KeyObject) {
  const sha256 = { hash: "SHA-256" };
  switch (key.asymmetricKeyType) {
    case "ec": {
      const namedCurve = curves.get(key.asymmetricKeyDetails?.namedCurve ?? "");
      if (!namedCurve) throw new Error("the key's curve is not P256, P384 or P521");
      return { name: "ECDSA", algorithm: { name: "ECDSA", namedCurve, ...sha256 } } as const;
    }
    case "rsa":
      return { name: "RSA", algorithm: { name: "RSASSA-PKCS1-v1_5", ...sha256 } } as const;
    case "ed25519":
      return { name: "ED25519", algorithm: { name: "Ed25519" } } as const;
    default:
      throw new Error(`a key of type ${key.asymmetricKeyType} can't sign certificates here`);
  }
}

/** OpenSSL's names to Web Crypto's. */
const curves = new Map([
  ["prime256v1", "P-256"],
  ["secp384r1", "P-384"],
  ["secp521r1", "P-521"],
]);
