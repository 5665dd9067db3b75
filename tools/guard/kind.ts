import type { Step } from "./preview.ts";

/** What the guard calls the resource types of both targets. */
const KINDS = {
  "aws:ec2/instance:Instance": "machine",
  "docker:index/container:Container": "machine",
  "aws:ebs/volume:Volume": "volume",
  "aws:ec2/volumeAttachment:VolumeAttachment": "attachment",
  "docker:index/volume:Volume": "volume",
  "aws:ec2/networkInterface:NetworkInterface": "interface",
  "aws:ec2/eip:Eip": "address",
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "ingress rule",
  "aws:kms/key:Key": "KMS key",
  "aws:s3/bucket:Bucket": "bucket",
  "aws:s3/bucketV2:BucketV2": "bucket",
  "portico:index:Document": "document",
  "tls:index/locallySignedCert:LocallySignedCert": "certificate",
  "tls:index/selfSignedCert:SelfSignedCert": "certificate",
} as const;

type Kind =
  | (typeof KINDS)[keyof typeof KINDS]
  | "authority's key"
  | "password source"
  | "machine settings";

/** Undefined: a resource of which the guard knows no more than its type. */
export function kindOf({ type, urn, name }: Pick<Step, "type" | "urn" | "name">): Kind | undefined {
  if (type === "aws:s3/bucketObjectv2:BucketObjectv2") {
    if (name.endsWith("-document")) return "document";
    return name.endsWith("-machine.json") ? "machine settings" : undefined;
  }
  if (type === "tls:index/privateKey:PrivateKey") {
    if (urn.includes(":Authority$")) return "authority's key";
    if (urn.includes(":Passwords$")) return "password source";
    return undefined;
  }
  return Object.hasOwn(KINDS, type) ? KINDS[type as keyof typeof KINDS] : undefined;
}

/** What a person calls it: `Volume orders-1-data`. */
export function title({ type, name }: Pick<Step, "type" | "name">): string {
  return `${type.split(":").at(-1)} ${name}`;
}
