// Requests, self-signed certificates, and those that an authority signs.
import "./reflect.ts";

import { createHash } from "node:crypto";

import {
  AuthorityKeyIdentifierExtension,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { z } from "zod";

import type { Kind, State } from "../plugin/kind.ts";
import { signingKey } from "./keys.ts";
import {
  alternativeNames,
  certificateInputs,
  certificateOutputs,
  commonExtensions,
  distinguishedName,
  dueForRenewal,
  identifiesItsKey,
  newSerialNumber,
  subjectInputs,
  validity,
} from "./x509.ts";

const requestInputs = z.strictObject({ privateKeyPem: z.string(), ...subjectInputs });

export const certRequest: Kind<z.infer<typeof requestInputs>> = {
  inputs: requestInputs,
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

/** What becomes of a certificate after it was issued: it comes due for renewal, and nothing else. */
const onceIssued = {
  expired: dueForRenewal,
  read: async (_id: string, state: State) => ({
    readyForRenewal: dueForRenewal(state, new Date()).length > 0,
  }),
  update: async () => ({}),
  remove: async () => {},
} as const satisfies Partial<Kind>;

/** The outputs that every certificate has. */
function issued(certificate: X509Certificate, period: ReturnType<typeof validity>) {
  return {
    certPem: `${certificate.toString("pem")}\n`,
    readyForRenewal: false,
    validityStartTime: period.notBefore.toISOString(),
    validityEndTime: period.notAfter.toISOString(),
  };
}

const selfSignedInputs = z.strictObject({
  privateKeyPem: z.string(),
  setAuthorityKeyId: z.boolean().optional(),
  ...subjectInputs,
  ...certificateInputs,
});

export const selfSignedCert: Kind<z.infer<typeof selfSignedInputs>> = {
  inputs: selfSignedInputs,
  inPlace: ["earlyRenewalHours"],
  computed: certificateOutputs.filter((name) => name !== "caKeyAlgorithm"),
  secrets: ["privateKeyPem"],
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
        ...issued(certificate, period),
        keyAlgorithm: key.name,
      },
    };
  },
  ...onceIssued,
};

const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";

const locallySignedInputs = z.strictObject({
  caCertPem: z.string(),
  caPrivateKeyPem: z.string(),
  certRequestPem: z.string(),
  ...certificateInputs,
});

export const locallySignedCert: Kind<z.infer<typeof locallySignedInputs>> = {
  inputs: locallySignedInputs,
  inPlace: ["earlyRenewalHours"],
  computed: certificateOutputs.filter((name) => name !== "keyAlgorithm"),
  secrets: ["caPrivateKeyPem"],
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
        ...issued(certificate, period),
        caKeyAlgorithm: key.name,
      },
    };
  },
  ...onceIssued,
};

/** Go's x509, which the real plugin signs with, names the authority's key whenever the authority does. */
function authorityKeyIdentifier(authority: X509Certificate) {
  const identifier = authority.getExtension(SubjectKeyIdentifierExtension);
  return identifier ? [new AuthorityKeyIdentifierExtension(identifier.keyId)] : [];
}
