import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import type { Flow, IngressRule } from "../../infra/model/aws-firewall.ts";

export interface FirewallArgs {
  readonly vpcId: pulumi.Input<string>;
  readonly s3PrefixListId: pulumi.Input<string>;
  /** Who may reach the portals. */
  readonly ingress: readonly IngressRule[];
  /** The connections that portals and nodes open to nodes. */
  readonly flows: readonly Flow[];
  /** The document, which is in force before the firewall lets a new source in. */
  readonly before: pulumi.Resource;
}

/** Two security groups: who may reach the portals, and which connections machines may open to each other. Every rule is a resource of its own. */
export class Firewall extends pulumi.ComponentResource {
  readonly portals: pulumi.Output<string>;
  readonly nodes: pulumi.Output<string>;

  constructor(
    name: string,
    { vpcId, s3PrefixListId, ingress, flows, before }: FirewallArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("portico:aws:Firewall", name, {}, opts);
    const child = { parent: this };

    // Name and description force a replacement, so they never change.
    const group = (role: "portals" | "nodes") =>
      new aws.ec2.SecurityGroup(
        `${name}-${role}`,
        {
          vpcId,
          name: `${name}-${role}`,
          description: `Portico ${role}`,
          tags: { Name: `${name}-${role}` },
        },
        child,
      );
    const groups = { portals: group("portals"), nodes: group("nodes") };

    for (const { name: rule, family, cidr, fromPort, toPort, description } of ingress)
      new aws.vpc.SecurityGroupIngressRule(
        rule,
        {
          securityGroupId: groups.portals.id,
          ...(family === "ipv4" ? { cidrIpv4: cidr } : { cidrIpv6: cidr }),
          ipProtocol: "tcp",
          fromPort,
          toPort,
          description,
        },
        { ...child, dependsOn: before },
      );
    for (const { from, to, port, what } of flows) {
      const rule = { ipProtocol: "tcp", fromPort: port, toPort: port, description: what };
      const id = `${name}-${from}-${to}-${port}`;
      new aws.vpc.SecurityGroupIngressRule(
        id,
        { securityGroupId: groups[to].id, referencedSecurityGroupId: groups[from].id, ...rule },
        child,
      );
      new aws.vpc.SecurityGroupEgressRule(
        id,
        { securityGroupId: groups[from].id, referencedSecurityGroupId: groups[to].id, ...rule },
        child,
      );
    }
    for (const role of ["portals", "nodes"] as const)
      new aws.vpc.SecurityGroupEgressRule(
        `${name}-${role}-s3`,
        {
          securityGroupId: groups[role].id,
          prefixListId: s3PrefixListId,
          ipProtocol: "tcp",
          fromPort: 443,
          toPort: 443,
          description: "settings, images and packages",
        },
        child,
      );

    this.portals = groups.portals.id;
    this.nodes = groups.nodes.id;
    this.registerOutputs({});
  }
}
