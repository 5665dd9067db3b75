import type { Rule } from "../facts.ts";
import { kindOf, title } from "../kind.ts";

/** What is made anew without anybody noticing, or is counted by a rule of its own: machines and what they are made of. */
const REPLACEABLE: readonly string[] = [
  "aws:ec2/instance:Instance",
  "aws:ec2/networkInterface:NetworkInterface",
  "aws:ec2/volumeAttachment:VolumeAttachment",
  "aws:s3/bucketObjectv2:BucketObjectv2",
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
];

/** Lost for good, which another rule says. */
const HOLDS_DATA: readonly unknown[] = ["volume", "KMS key", "bucket", "address"];

/** Networks, groups, roles and the bucket's settings are made once. What hangs on them would be cut off, or open, while they are made anew. */
export const kept: Rule = ({ changes }) =>
  changes
    .filter(({ op, type }) => op === "replace" && type.startsWith("aws:"))
    .filter(({ type }) => !REPLACEABLE.includes(type))
    .filter((step) => !step.old?.protect && !HOLDS_DATA.includes(kindOf(step)))
    .map((step) => `${title(step)} would be replaced, and what hangs on it would be cut off.`);
