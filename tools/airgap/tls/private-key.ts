import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto";

import { z } from "zod";

import type { Kind, State } from "../plugin/kind.ts";
import { opensshForms } from "./openssh.ts";

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
