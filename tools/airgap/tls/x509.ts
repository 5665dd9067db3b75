// What certificates and requests have in common: subject, names, usages, validity.
import "./reflect.ts";

import { randomBytes } from "node:crypto";

import type { Extension, JsonName } from "@peculiar/x509";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
} from "@peculiar/x509";
import { z } from "zod";

import type { State } from "../plugin/kind.ts";

const HOUR = 3_600_000;

const usages = {
  digital_signature: KeyUsageFlags.digitalSignature,
  key_encipherment: KeyUsageFlags.keyEncipherment,
  key_agreement: KeyUsageFlags.keyAgreement,
  cert_signing: KeyUsageFlags.keyCertSign,
  crl_signing: KeyUsageFlags.cRLSign,
} as const;

const extendedUsages = {
  server_auth: ExtendedKeyUsage.serverAuth,
  client_auth: ExtendedKeyUsage.clientAuth,
} as const;

/** What self-signed certificates and those of an authority have in common. */
export const certificateInputs = {
  allowedUses: z.array(z.enum([...names(usages), ...names(extendedUsages)])),
  validityPeriodHours: z.number().positive(),
  earlyRenewalHours: z.number().min(0).optional(),
  isCaCertificate: z.boolean().optional(),
  maxPathLength: z.int().min(0).optional(),
  setSubjectKeyId: z.boolean().optional(),
};

export const certificateOutputs = [
  "certPem",
  "keyAlgorithm",
  "caKeyAlgorithm",
  "readyForRenewal",
  "validityStartTime",
  "validityEndTime",
] as const;

type CertificateInputs = z.infer<z.ZodObject<typeof certificateInputs>>;

export function commonExtensions(inputs: CertificateInputs): readonly Extension[] {
  const flags = inputs.allowedUses.reduce((sum, use) => sum | (Reflect.get(usages, use) ?? 0), 0);
  const extended = names(extendedUsages).filter((use) => inputs.allowedUses.includes(use));
  return [
    new BasicConstraintsExtension(inputs.isCaCertificate ?? false, inputs.maxPathLength, true),
    ...(flags ? [new KeyUsagesExtension(flags, true)] : []),
    ...(extended.length > 0
      ? [new ExtendedKeyUsageExtension(extended.map((use) => extendedUsages[use]))]
      : []),
  ];
}

export function identifiesItsKey(inputs: CertificateInputs): boolean {
  return inputs.isCaCertificate === true || inputs.setSubjectKeyId === true;
}

/** 128 random bits, the first of them clear so that the number is positive in any reading. */
export function newSerialNumber(): { hex: string; id: string } {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
  const hex = bytes.toString("hex");
  return { hex, id: BigInt(`0x${hex}`).toString() };
}

export function validity(inputs: CertificateInputs): { notBefore: Date; notAfter: Date } {
  const notBefore = new Date(Math.floor(Date.now() / 1000) * 1000);
  return {
    notBefore,
    notAfter: new Date(notBefore.getTime() + inputs.validityPeriodHours * HOUR),
  };
}

/** Like the real plugin: a certificate within `earlyRenewalHours` of its end is replaced by the next `up`. */
export function dueForRenewal(state: State, now: Date): readonly string[] {
  const { validityEndTime, earlyRenewalHours } = state;
  if (typeof validityEndTime !== "string") return [];
  const early = typeof earlyRenewalHours === "number" ? earlyRenewalHours : 0;
  const due = new Date(validityEndTime).getTime() - early * HOUR;
  return now.getTime() >= due ? ["readyForRenewal"] : [];
}

function names<Table extends object>(table: Table): (keyof Table & string)[] {
  return Object.keys(table) as (keyof Table & string)[];
}

const Subject = z.strictObject({
  commonName: z.string().optional(),
  organization: z.string().optional(),
  organizationalUnit: z.string().optional(),
});

/** Who a certificate is for. The subject may be missing: then the alternative names alone say it. */
export const subjectInputs = {
  subject: Subject.optional(),
  dnsNames: z.array(z.string()).optional(),
  ipAddresses: z.array(z.union([z.ipv4(), z.ipv6()])).optional(),
};

type SubjectInputs = z.infer<z.ZodObject<typeof subjectInputs>>;

export function distinguishedName({ subject }: SubjectInputs): JsonName {
  const parts = {
    O: subject?.organization,
    OU: subject?.organizationalUnit,
    CN: subject?.commonName,
  };
  return Object.entries(parts).flatMap(([key, value]) => (value ? [{ [key]: [value] }] : []));
}

/** RFC 5280, 4.2.1.6: critical where there is no subject. */
export function alternativeNames(inputs: SubjectInputs): readonly Extension[] {
  const names = [
    ...(inputs.dnsNames ?? []).map((value) => ({ type: "dns" as const, value })),
    ...(inputs.ipAddresses ?? []).map((value) => ({ type: "ip" as const, value })),
  ];
  if (names.length === 0) return [];
  return [new SubjectAlternativeNameExtension(names, distinguishedName(inputs).length === 0)];
}
