import "./reflect.ts";

import { type Extension, type JsonName, SubjectAlternativeNameExtension } from "@peculiar/x509";
import { z } from "zod";

export const Subject = z.strictObject({
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
