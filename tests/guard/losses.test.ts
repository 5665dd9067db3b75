import { UNKNOWN } from "../../tools/guard/preview.ts";
import { check, DISK, GROUP, instance, METADATA, resource } from "./preview.ts";

const KEY = "tls:index/privateKey:PrivateKey";
const below = (component: string) => `portico:aws:Deployment$portico:index:${component}`;
const volume = { old: { encrypted: true } };

for (const op of ["delete", "replace"])
  check([
    [
      `what is protected: ${op}`,
      [resource(op, "aws:iam/role:Role", "orders-portal-1", { protect: true })],
      new RegExp(`^Role orders-portal-1 would be ${op}d: it is protected`),
    ],
    [
      `a volume: ${op}`,
      [resource(op, "aws:ebs/volume:Volume", "orders-1-data", volume)],
      /^Volume orders-1-data .* the data on it/,
    ],
    [
      `a volume of this machine: ${op}`,
      [resource(op, "docker:index/volume:Volume", "orders-1-data")],
      /^Volume orders-1-data .* the data on it/,
    ],
    [
      `the authority's key: ${op}`,
      [resource(op, KEY, "orders", {}, below("Authority"))],
      /^PrivateKey orders .* no client would trust/,
    ],
    [
      `the source of the passwords: ${op}`,
      [resource(op, KEY, "orders", {}, below("Passwords"))],
      /^PrivateKey orders .* every password would be another one/,
    ],
    [
      `a portal's address: ${op}`,
      [resource(op, "aws:ec2/eip:Eip", "orders-portal-1")],
      /^Eip orders-portal-1 .* clients have it in their URIs/,
    ],
    [`another key: ${op}`, [resource(op, KEY, "orders-1-server")]],
    [`the KMS key: ${op}`, [resource(op, "aws:kms/key:Key", "key")], /^Key key/],
  ]);

check([
  [
    "the bucket is deleted",
    [resource("delete", "aws:s3/bucket:Bucket", "bucket")],
    /^Bucket bucket would be deleted/,
  ],
]);

check([
  ["an instance as it should be", [instance({})]],
  [
    "IMDSv1",
    [instance({ metadataOptions: { ...METADATA, httpTokens: "optional" } })],
    /httpTokens is "optional"/,
  ],
  [
    "no metadata options",
    [instance({ metadataOptions: undefined })],
    /httpTokens is missing/,
    /hop limit of 1/,
  ],
  [
    "two hops",
    [instance({ metadataOptions: { ...METADATA, httpPutResponseHopLimit: 2 } })],
    /httpPutResponseHopLimit is 2/,
  ],
  [
    "unknown metadata options",
    [instance({ metadataOptions: UNKNOWN })],
    /isn't known before/,
    /isn't known before/,
  ],
  [
    "a root disk in clear",
    [instance({ rootBlockDevice: {} })],
    /rootBlockDevice.encrypted is missing/,
  ],
  [
    "an unknown root disk",
    [instance({ rootBlockDevice: { encrypted: UNKNOWN } })],
    /isn't known before/,
  ],
  [
    "another disk in clear",
    [instance({ ebsBlockDevices: [DISK, { encrypted: false }] })],
    /ebsBlockDevices.encrypted is false/,
  ],
  [
    "a volume in clear",
    [resource("create", "aws:ebs/volume:Volume", "orders-1-data", { new: {} })],
    /^Volume orders-1-data must be encrypted/,
  ],
  [
    "an encrypted volume",
    [resource("create", "aws:ebs/volume:Volume", "orders-1-data", { new: DISK })],
  ],
  [
    "a group without rules of its own",
    [resource("create", GROUP, "orders-nodes", { new: { ingress: [] } })],
  ],
  [
    "inline ingress",
    [resource("create", GROUP, "orders-nodes", { new: { ingress: [{}] } })],
    /rules of its own \(ingress\)/,
  ],
  [
    "inline egress, unknown",
    [resource("create", GROUP, "orders-nodes", { new: { egress: UNKNOWN } })],
    /rules of its own \(egress\)/,
  ],
  [
    "a rule of the old type",
    [resource("create", "aws:ec2/securityGroupRule:SecurityGroupRule", "x", {})],
    /old type of rule/,
  ],
]);
