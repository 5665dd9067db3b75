import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { endpointPolicy } from "../../infra/model/aws-bucket.ts";
import type { AwsPlan, SubnetPlan } from "../../infra/model/aws-plan.ts";

export interface NetworkArgs {
  readonly plan: AwsPlan;
  readonly region: string;
  readonly bucketArn: pulumi.Input<string>;
}

/**
 * A deployment's own VPC. Portals have a route to the internet; nodes have none, only the way to S3, where their settings and
 * packages come from.
 */
export class Network extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Output<string>;
  /** By the subnet's name in the plan. */
  readonly subnetIds: Readonly<Record<string, pulumi.Output<string>>>;
  /** Without it nothing in the VPC can have a public address. */
  readonly gateway: pulumi.Resource;
  /** The prefix list of S3's addresses in the region. */
  readonly s3PrefixListId: pulumi.Output<string>;

  constructor(
    name: string,
    { plan, region, bucketArn }: NetworkArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("portico:aws:Network", name, {}, opts);
    const child = { parent: this };

    const vpc = new aws.ec2.Vpc(
      name,
      {
        cidrBlock: plan.cidr,
        assignGeneratedIpv6CidrBlock: true,
        // The gateway endpoint is found by S3's name.
        enableDnsSupport: true,
        enableDnsHostnames: true,
        tags: { Name: name },
      },
      child,
    );
    const gateway = new aws.ec2.InternetGateway(
      name,
      { vpcId: vpc.id, tags: { Name: name } },
      child,
    );
    const publicRoutes = this.#routes(`${name}-public`, vpc.id);
    for (const [family, destination] of [
      ["ipv4", { destinationCidrBlock: "0.0.0.0/0" }],
      ["ipv6", { destinationIpv6CidrBlock: "::/0" }],
    ] as const)
      new aws.ec2.Route(
        `${name}-public-${family}`,
        { routeTableId: publicRoutes.id, gatewayId: gateway.id, ...destination },
        child,
      );
    const nodeRoutes = this.#routes(`${name}-nodes`, vpc.id);
    const endpoint = new aws.ec2.VpcEndpoint(
      name,
      {
        vpcId: vpc.id,
        serviceName: `com.amazonaws.${region}.s3`,
        vpcEndpointType: "Gateway",
        routeTableIds: [publicRoutes.id, nodeRoutes.id],
        policy: pulumi.output(bucketArn).apply((arn) => endpointPolicy(arn, region)),
        tags: { Name: name },
      },
      child,
    );

    this.vpcId = vpc.id;
    this.gateway = gateway;
    this.s3PrefixListId = endpoint.prefixListId;
    this.subnetIds = Object.fromEntries([
      ...plan.publicSubnets.map((subnet) => [
        subnet.name,
        this.#subnet(subnet, vpc, publicRoutes.id),
      ]),
      ...plan.nodeSubnets.map((subnet) => [subnet.name, this.#subnet(subnet, vpc, nodeRoutes.id)]),
    ]);
    this.registerOutputs({ vpcId: this.vpcId });
  }

  #routes(name: string, vpcId: pulumi.Input<string>): aws.ec2.RouteTable {
    return new aws.ec2.RouteTable(name, { vpcId, tags: { Name: name } }, { parent: this });
  }

  #subnet(
    { name, cidr, zone, ipv6 }: SubnetPlan,
    vpc: aws.ec2.Vpc,
    routeTableId: pulumi.Input<string>,
  ): pulumi.Output<string> {
    const child = { parent: this };
    const subnet = new aws.ec2.Subnet(
      name,
      {
        vpcId: vpc.id,
        cidrBlock: cidr,
        availabilityZone: zone,
        ...(ipv6 !== undefined && {
          ipv6CidrBlock: vpc.ipv6CidrBlock.apply((block) => subnetOf(block, ipv6)),
        }),
        tags: { Name: name },
      },
      child,
    );
    new aws.ec2.RouteTableAssociation(name, { subnetId: subnet.id, routeTableId }, child);
    return subnet.id;
  }
}

/** The /64 number `index` (0 to 255) of a VPC's /56. */
function subnetOf(block: string, index: number): string {
  const [prefix = ""] = block.split("/");
  const groups = prefix.replace(/::$/, "").split(":");
  while (groups.length < 4) groups.push("0");
  const last = (Number.parseInt(groups[3] ?? "0", 16) & 0xff00) | index;
  return `${groups.slice(0, 3).join(":")}:${last.toString(16)}::/64`;
}
