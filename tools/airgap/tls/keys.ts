import { createPrivateKey, createPublicKey, type KeyObject, webcrypto } from "node:crypto";

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
