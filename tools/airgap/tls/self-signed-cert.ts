import "./reflect.ts";

import {
  AuthorityKeyIdentifierExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { z } from "zod";

import type { Kind } from "../plugin/kind.ts";
import {
  certificateInputs,
  certificateOutputs,
  commonExtensions,
  dueForRenewal,
  identifiesItsKey,
  newSerialNumber,
  validity,
} from "./certificate.ts";
import { signingKey } from "./keys.ts";
import { alternativeNames, distinguishedName, subjectInputs } from "./subject.ts";

const inputs = z.strictObject({
  privateKeyPem: z.string(),
  setAuthorityKeyId: z.boolean().optional(),
  ...subjectInputs,
  ...certificateInputs,
});

export const selfSignedCert: Kind<z.infer<typeof inputs>> = {
  inputs,
  inPlace: ["earlyRenewalHours"],
  computed: certificateOutputs.filter((name) => name !== "caKeyAlgorithm"),
  secrets: ["privateKeyPem"],
  expired: dueForRenewal,
  async create(wanted) {
    const key = await signingKey(wanted.privateKeyPem);
    const name = distinguishedName(wanted);
    if (wanted.isCaCertificate && name.length === 0) {
      throw new Error("an authority's certificate needs a subject");
    }
    const serial = newSerialNumber();
    const period = validity(wanted);
    const { publicKey, privateKey } = key.keys;
    const certificate = await X509CertificateGenerator.create({
      serialNumber: serial.hex,
      subject: name,
      issuer: name,
      ...period,
      publicKey,
      signingKey: privateKey,
      signingAlgorithm: key.algorithm,
      extensions: [
        ...commonExtensions(wanted),
        ...alternativeNames(wanted),
        ...(identifiesItsKey(wanted)
          ? [await SubjectKeyIdentifierExtension.create(publicKey)]
          : []),
        ...(wanted.setAuthorityKeyId
          ? [await AuthorityKeyIdentifierExtension.create(publicKey)]
          : []),
      ],
    });
    return {
      id: serial.id,
      outputs: {
        certPem: `${certificate.toString("pem")}\n`,
        keyAlgorithm: key.name,
        readyForRenewal: false,
        validityStartTime: period.notBefore.toISOString(),
        validityEndTime: period.notAfter.toISOString(),
      },
    };
  },
  read: async (_id, state) => ({ readyForRenewal: dueForRenewal(state, new Date()).length > 0 }),
  update: async () => ({}),
  remove: async () => {},
};
