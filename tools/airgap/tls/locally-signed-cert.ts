import "./reflect.ts";

import {
  AuthorityKeyIdentifierExtension,
  Pkcs10CertificateRequest,
  SubjectKeyIdentifierExtension,
  X509Certificate,
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

const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";

const inputs = z.strictObject({
  caCertPem: z.string(),
  caPrivateKeyPem: z.string(),
  certRequestPem: z.string(),
  ...certificateInputs,
});

export const locallySignedCert: Kind<z.infer<typeof inputs>> = {
  inputs,
  inPlace: ["earlyRenewalHours"],
  computed: certificateOutputs.filter((name) => name !== "keyAlgorithm"),
  secrets: ["caPrivateKeyPem"],
  expired: dueForRenewal,
  async create(wanted) {
    const key = await signingKey(wanted.caPrivateKeyPem);
    const authority = new X509Certificate(wanted.caCertPem);
    const request = new Pkcs10CertificateRequest(wanted.certRequestPem);
    if (!(await request.verify())) throw new Error("the certificate request's signature is wrong");
    const names = request.getExtension(SUBJECT_ALTERNATIVE_NAME);
    const serial = newSerialNumber();
    const period = validity(wanted);
    const certificate = await X509CertificateGenerator.create({
      serialNumber: serial.hex,
      subject: request.subjectName.toJSON(),
      issuer: authority.subjectName.toJSON(),
      ...period,
      publicKey: request.publicKey,
      signingKey: key.keys.privateKey,
      signingAlgorithm: key.algorithm,
      extensions: [
        ...commonExtensions(wanted),
        ...(names ? [names] : []),
        ...(identifiesItsKey(wanted)
          ? [await SubjectKeyIdentifierExtension.create(request.publicKey)]
          : []),
        ...authorityKeyIdentifier(authority),
      ],
    });
    return {
      id: serial.id,
      outputs: {
        certPem: `${certificate.toString("pem")}\n`,
        caKeyAlgorithm: key.name,
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

/** Go's x509, which the real plugin signs with, names the authority's key whenever the authority does. */
function authorityKeyIdentifier(authority: X509Certificate) {
  const identifier = authority.getExtension(SubjectKeyIdentifierExtension);
  return identifier ? [new AuthorityKeyIdentifierExtension(identifier.keyId)] : [];
}
