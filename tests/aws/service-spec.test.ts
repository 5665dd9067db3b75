import assert from "node:assert/strict";
import { test } from "node:test";

import { loadAwsServiceSpecSync } from "@aws-cdk/aws-service-spec";

import { tables } from "../support/aws/tables/all.ts";

type Type = keyof typeof COUNTERPARTS;

/** The same thing in CloudFormation; the other types of the tables have none of their own there. */
const COUNTERPARTS = {
  "aws:dlm/lifecyclePolicy:LifecyclePolicy": "AWS::DLM::LifecyclePolicy",
  "aws:ebs/volume:Volume": "AWS::EC2::Volume",
  "aws:ec2/eip:Eip": "AWS::EC2::EIP",
  "aws:ec2/eipAssociation:EipAssociation": "AWS::EC2::EIPAssociation",
  "aws:ec2/instance:Instance": "AWS::EC2::Instance",
  "aws:ec2/internetGateway:InternetGateway": "AWS::EC2::InternetGateway",
  "aws:ec2/networkInterface:NetworkInterface": "AWS::EC2::NetworkInterface",
  "aws:ec2/route:Route": "AWS::EC2::Route",
  "aws:ec2/routeTable:RouteTable": "AWS::EC2::RouteTable",
  "aws:ec2/routeTableAssociation:RouteTableAssociation": "AWS::EC2::SubnetRouteTableAssociation",
  "aws:ec2/securityGroup:SecurityGroup": "AWS::EC2::SecurityGroup",
  "aws:ec2/subnet:Subnet": "AWS::EC2::Subnet",
  "aws:ec2/volumeAttachment:VolumeAttachment": "AWS::EC2::VolumeAttachment",
  "aws:ec2/vpc:Vpc": "AWS::EC2::VPC",
  "aws:ec2/vpcEndpoint:VpcEndpoint": "AWS::EC2::VPCEndpoint",
  "aws:ecr/repository:Repository": "AWS::ECR::Repository",
  "aws:iam/instanceProfile:InstanceProfile": "AWS::IAM::InstanceProfile",
  "aws:iam/role:Role": "AWS::IAM::Role",
  "aws:iam/rolePolicy:RolePolicy": "AWS::IAM::RolePolicy",
  "aws:kms/alias:Alias": "AWS::KMS::Alias",
  "aws:kms/key:Key": "AWS::KMS::Key",
  "aws:s3/bucket:Bucket": "AWS::S3::Bucket",
  "aws:s3/bucketPolicy:BucketPolicy": "AWS::S3::BucketPolicy",
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "AWS::EC2::SecurityGroupEgress",
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "AWS::EC2::SecurityGroupIngress",
} as const;

/** Where CloudFormation calls a property otherwise than by its name in the tables. */
const CALLED: { readonly [T in Type]?: Readonly<Record<string, string>> } = {
  "aws:ebs/volume:Volume": { type: "VolumeType" },
  "aws:ec2/instance:Instance": { ami: "ImageId", privateIp: "PrivateIpAddress" },
  "aws:ec2/securityGroup:SecurityGroup": { name: "GroupName", description: "GroupDescription" },
  "aws:ec2/volumeAttachment:VolumeAttachment": { deviceName: "Device" },
  "aws:ecr/repository:Repository": { name: "RepositoryName" },
  "aws:iam/instanceProfile:InstanceProfile": { name: "InstanceProfileName" },
  "aws:iam/role:Role": { name: "RoleName", assumeRolePolicy: "AssumeRolePolicyDocument" },
  "aws:iam/rolePolicy:RolePolicy": {
    name: "PolicyName",
    role: "RoleName",
    policy: "PolicyDocument",
  },
  "aws:kms/alias:Alias": { name: "AliasName" },
  "aws:kms/key:Key": { policy: "KeyPolicy", deletionWindowInDays: "PendingWindowInDays" },
  "aws:s3/bucket:Bucket": { bucket: "BucketName" },
  "aws:s3/bucketPolicy:BucketPolicy": { policy: "PolicyDocument" },
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": { securityGroupId: "GroupId" },
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": { securityGroupId: "GroupId" },
};

/** By ModifySecurityGroupRules, which CloudFormation doesn't use. */
const RULE = {
  ipProtocol: "in place",
  fromPort: "in place",
  toPort: "in place",
  cidrIpv6: "in place",
} as const;

/** The two have code of their own. Where they differ, this is what Terraform's does, by its source. */
const PROVIDER: { readonly [T in Type]?: Readonly<Record<string, "replaces" | "in place">> } = {
  // CloudFormation refuses these instead, or doesn't say that it replaces.
  "aws:ebs/volume:Volume": {
    ...{ availabilityZone: "replaces", encrypted: "replaces", kmsKeyId: "replaces" },
    ...{ multiAttachEnabled: "replaces", snapshotId: "replaces" },
  },
  "aws:ec2/eip:Eip": { publicIpv4Pool: "replaces" },
  "aws:kms/key:Key": { keyUsage: "replaces", multiRegion: "replaces" },
  "aws:ec2/instance:Instance": { ipv6AddressCount: "in place" },
  // ReplaceRouteTableAssociation
  "aws:ec2/routeTableAssociation:RouteTableAssociation": { routeTableId: "in place" },
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": RULE,
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": RULE,
};

const spec = loadAwsServiceSpecSync();
let compared = 0;

for (const [type, counterpart] of Object.entries(COUNTERPARTS) as [Type, string][]) {
  test(`${type} replaces where CloudFormation does, but for what is known to differ`, () => {
    const known = propertiesOf(counterpart);
    const differing = Object.entries(tables[type]?.inputs ?? {}).flatMap(([name, { replaces }]) => {
      const theirs = known.get((CALLED[type]?.[name] ?? name).toLowerCase());
      // "maybe": under a condition that only CloudFormation's own documents tell.
      if (theirs === undefined || theirs === "maybe") return [];
      compared += 1;
      const ours = replaces ? "yes" : "no";
      return ours === theirs ? [] : [[name, replaces ? "replaces" : "in place"] as const];
    });
    assert.deepEqual(Object.fromEntries(differing), PROVIDER[type] ?? {});
  });
}

test("most properties were compared", () => {
  assert.ok(compared > 120, `only ${compared}`);
});

/** Whether a change replaces, by name in small letters. */
function propertiesOf(counterpart: string): ReadonlyMap<string, "yes" | "no" | "maybe"> {
  const [resource] = spec.lookup("resource", "cloudFormationType", "equals", counterpart);
  assert.ok(resource, `${counterpart} is not in the specification`);
  return new Map(
    Object.entries(resource.properties).map(([name, { causesReplacement = "no" }]) => [
      name.toLowerCase(),
      causesReplacement,
    ]),
  );
}
