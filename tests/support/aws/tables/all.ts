import type { Table } from "../table.ts";
import { eip, eipAssociation, networkInterface } from "./addresses.ts";
import { lifecyclePolicy } from "./dlm.ts";
import { volume } from "./ebs.ts";
import { instance, volumeAttachment } from "./ec2.ts";
import { repository } from "./ecr.ts";
import { instanceProfile, role, rolePolicy } from "./iam.ts";
import { alias, key } from "./kms.ts";
import { internetGateway, route, routeTable, routeTableAssociation } from "./routes.ts";
import {
  bucket,
  bucketEncryption,
  bucketLifecycle,
  bucketObject,
  bucketPolicy,
  bucketPublicAccessBlock,
  bucketVersioning,
} from "./s3.ts";
import { securityGroup, securityGroupRule } from "./security-group.ts";
import { subnet, vpc, vpcEndpoint } from "./vpc.ts";

/** By Pulumi's type. */
export const tables: Readonly<Record<string, Table>> = {
  "aws:dlm/lifecyclePolicy:LifecyclePolicy": lifecyclePolicy,
  "aws:ebs/volume:Volume": volume,
  "aws:ec2/eip:Eip": eip,
  "aws:ec2/eipAssociation:EipAssociation": eipAssociation,
  "aws:ec2/instance:Instance": instance,
  "aws:ec2/internetGateway:InternetGateway": internetGateway,
  "aws:ec2/networkInterface:NetworkInterface": networkInterface,
  "aws:ec2/route:Route": route,
  "aws:ec2/routeTable:RouteTable": routeTable,
  "aws:ec2/routeTableAssociation:RouteTableAssociation": routeTableAssociation,
  "aws:ec2/securityGroup:SecurityGroup": securityGroup,
  "aws:ec2/subnet:Subnet": subnet,
  "aws:ec2/volumeAttachment:VolumeAttachment": volumeAttachment,
  "aws:ec2/vpc:Vpc": vpc,
  "aws:ec2/vpcEndpoint:VpcEndpoint": vpcEndpoint,
  "aws:ecr/repository:Repository": repository,
  "aws:iam/instanceProfile:InstanceProfile": instanceProfile,
  "aws:iam/role:Role": role,
  "aws:iam/rolePolicy:RolePolicy": rolePolicy,
  "aws:kms/alias:Alias": alias,
  "aws:kms/key:Key": key,
  "aws:s3/bucket:Bucket": bucket,
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": bucketLifecycle,
  "aws:s3/bucketObjectv2:BucketObjectv2": bucketObject,
  "aws:s3/bucketPolicy:BucketPolicy": bucketPolicy,
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": bucketPublicAccessBlock,
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration":
    bucketEncryption,
  "aws:s3/bucketVersioning:BucketVersioning": bucketVersioning,
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": securityGroupRule,
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": securityGroupRule,
};
