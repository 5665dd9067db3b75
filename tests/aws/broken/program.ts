// The whole program, with what each invariant forbids done to its resources on their way to the engine.
import * as pulumi from "@pulumi/pulumi";

type Props = Readonly<Record<string, unknown>>;

/** Nobody knows it before the update. */
const unknown = new pulumi.ComponentResource("portico:test:Later", "later").urn.apply(() =>
  pulumi.runtime.isDryRun() ? pulumi.unknown : true,
);

/** By type and, after a space, name; or by type alone. */
const BREAKS: Readonly<Record<string, (props: Props) => Props>> = {
  "aws:ec2/securityGroup:SecurityGroup orders-nodes": () => ({
    ingress: [{ protocol: "tcp", fromPort: 5432, toPort: 5432, cidrBlocks: ["10.0.0.0/8"] }],
  }),
  "aws:ebs/volume:Volume orders-1-data": () => ({ encrypted: false }),
  "aws:ebs/volume:Volume orders-2-data": () => ({ encrypted: unknown }),
  "aws:ec2/instance:Instance orders-1": () => ({
    metadataOptions: { httpTokens: "optional", httpPutResponseHopLimit: 2 },
  }),
  "aws:ec2/instance:Instance orders-2": () => ({ rootBlockDevice: { encrypted: false } }),
  "aws:ec2/subnet:Subnet orders-nodes-eu-central-1a": () => ({ mapPublicIpOnLaunch: true }),
  "aws:ec2/routeTable:RouteTable orders-nodes": () => ({
    routes: [{ cidrBlock: "0.0.0.0/0", natGatewayId: "nat-1" }],
  }),
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock bucket": () => ({
    blockPublicPolicy: false,
  }),
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule orders-203.0.113.0/24": () => ({
    cidrIpv4: "203.0.0.0/16",
  }),
  "aws:s3/bucketObjectv2:BucketObjectv2 orders-1-secrets.json": () => ({
    content: '{"app":{"password":"hunter2"}}',
  }),
};

void pulumi.runtime.registerResourceTransform(({ type, name, props, opts }) => {
  const change = BREAKS[`${type} ${name}`];
  return change ? { props: { ...props, ...change(props) }, opts } : undefined;
});

export const { deployments } = await import("../../../infra/index.ts");
