import "./reflect.ts";

import { createHash } from "node:crypto";

import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { z } from "zod";

import type { Kind } from "../plugin/kind.ts";
import { signingKey } from "./keys.ts";
import { alternativeNames, distinguishedName, subjectInputs } from "./subject.ts";

const inputs = z.strictObject({ privateKeyPem: z.string(), ...subjectInputs });

export const certRequest: Kind<z.infer<typeof inputs>> = {
  inputs,
  inPlace: [],
  computed: ["certRequestPem", "keyAlgorithm"],
  secrets: ["privateKeyPem"],
  async create(wanted) {
    const key = await signingKey(wanted.privateKeyPem);
    const request = await Pkcs10CertificateRequestGenerator.create({
      name: distinguishedName(wanted),
      keys: key.keys,
      signingAlgorithm: key.algorithm,
      extensions: [...alternativeNames(wanted)],
    });
    const id = createHash("sha1").update(Buffer.from(request.rawData)).digest("hex");
    return {
      id,
      outputs: { certRequestPem: `${request.toString("pem")}\n`, keyAlgorithm: key.name },
    };
  },
  read: async (_id, state) => state,
  update: async () => ({}),
  remove: async () => {},
};
