import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config();
const subnetCidr = config.get("subnetCidr") ?? "10.0.1.0/24";
const allowed = config.get("allowed") ?? "203.0.113.0/24";
const groupName = config.get("groupName");
const more = config.getObject<Record<string, unknown>>("instance") ?? {};

const provider = new aws.Provider("aws", {
  region: "eu-central-1",
  defaultTags: { tags: { "portico:stack": "test", owner: config.get("owner") ?? "platform" } },
});
const options = { provider };

const vpc = new aws.ec2.Vpc(
  "orders",
  { cidrBlock: "10.0.0.0/16", assignGeneratedIpv6CidrBlock: true, tags: { Name: "orders" } },
  options,
);
const subnet = new aws.ec2.Subnet(
  "orders-a",
  { vpcId: vpc.id, cidrBlock: subnetCidr, availabilityZone: "eu-central-1a" },
  options,
);
const group = new aws.ec2.SecurityGroup(
  "orders-portals",
  { vpcId: vpc.id, ...(groupName ? { name: groupName } : {}) },
  options,
);
new aws.vpc.SecurityGroupIngressRule(
  "orders-office",
  {
    securityGroupId: group.id,
    ...(allowed.includes(":") ? { cidrIpv6: allowed } : { cidrIpv4: allowed }),
    ipProtocol: "tcp",
    fromPort: 5432,
    toPort: 5433,
  },
  options,
);
const nic = new aws.ec2.NetworkInterface(
  "orders-1",
  { subnetId: subnet.id, privateIps: ["10.0.1.10"], securityGroups: [group.id] },
  options,
);
const instance = new aws.ec2.Instance(
  "orders-1",
  {
    ami: "ami-0123456789abcdef0",
    instanceType: "t4g.small",
    primaryNetworkInterface: { networkInterfaceId: nic.id },
    metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
    ...more,
  },
  options,
);
const volume = new aws.ebs.Volume(
  "orders-1-data",
  { availabilityZone: "eu-central-1a", size: 20, encrypted: true },
  options,
);
const eip = new aws.ec2.Eip("orders-portal-1", { domain: "vpc" }, options);
new aws.ec2.EipAssociation(
  "orders-portal-1",
  { allocationId: eip.allocationId, networkInterfaceId: nic.id },
  options,
);
const bucket = new aws.s3.Bucket("Bucket", {}, options);
const content = config.getSecret("content") ?? "nothing";
const object = new aws.s3.BucketObjectv2(
  "orders-document",
  { bucket: bucket.bucket, key: "orders/document.json", content },
  options,
);
new aws.s3.BucketObjectv2(
  "image",
  { bucket: bucket.bucket, source: new pulumi.asset.StringAsset("an image") },
  options,
);

/** What the typed SDK wouldn't let through. */
const raw = config.getObject<{ type: string } & Record<string, unknown>>("raw");
if (raw) {
  const { type, ...inputs } = raw;
  new (class extends pulumi.CustomResource {})(type, "raw", inputs, options);
}

export const found = {
  bucket: bucket.bucket,
  etag: object.etag,
  instance: instance.id,
  ipv6: vpc.ipv6CidrBlock,
  privateIp: nic.privateIp,
  publicIp: eip.publicIp,
  region: subnet.region,
  subnet: subnet.id,
  tags: vpc.tagsAll,
  volume: volume.arn,
};
