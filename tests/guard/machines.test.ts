import { UNKNOWN } from "../../tools/guard/preview.ts";
import { check } from "./check.ts";
import { resource } from "./preview.ts";
import { DISK, GROUP, instance, METADATA } from "./resources.ts";

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
