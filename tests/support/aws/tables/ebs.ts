// Read in terraform-provider-aws 6.x, internal/service/ec2/ebs_volume.go; names in @pulumi/aws 7.48.
import { ec2Arn, ec2Id } from "../plausible.ts";
import { boolean, number, replacing, required, string } from "../shape.ts";
import { inRegion, type Table, tagged } from "../table.ts";

export const volume: Table = {
  inputs: {
    availabilityZone: required(replacing(string)),
    encrypted: replacing(boolean),
    kmsKeyId: replacing(string),
    snapshotId: replacing(string),
    multiAttachEnabled: replacing(boolean),
    size: number,
    type: string,
    iops: number,
    throughput: number,
    finalSnapshot: boolean,
    ...inRegion,
    ...tagged,
  },
  id: ec2Id("vol"),
  outputs: {
    arn: ec2Arn("volume"),
    createTime: () => "2026-01-01T00:00:00Z",
    iops: () => 3000,
    snapshotId: () => "",
    throughput: () => 125,
    type: () => "gp2",
  },
};
