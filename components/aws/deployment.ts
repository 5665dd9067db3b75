import { createHash } from "node:crypto";

import * as pulumi from "@pulumi/pulumi";

import { keys } from "../../infra/model/aws-bucket.ts";
import { flowsOf, ingressRules } from "../../infra/model/aws-firewall.ts";
import type { AwsPlan } from "../../infra/model/aws-plan.ts";
import { documentOf } from "../../infra/model/document.ts";
import type { AwsDeployment, AwsTarget } from "../../infra/model/stack.ts";
import { formatDocument } from "../../proxy-image/src/contract.ts";
import { Authority } from "../certificates.ts";
import { InForce } from "../own-provider.ts";
import { Passwords } from "../passwords.ts";
import { Firewall } from "./firewall.ts";
import type { ImageIds } from "./images.ts";
import type { DeploymentContext } from "./machine.ts";
import { Network } from "./network.ts";
import { Node } from "./node.ts";
import { Portal, PortalAddress } from "./portal.ts";
import type { Snapshots } from "./snapshots.ts";
import type { Service, Store } from "./store.ts";
import { Objects } from "./store.ts";

export interface DeploymentArgs {
  readonly target: AwsTarget;
  readonly deployment: AwsDeployment;
  readonly plan: AwsPlan;
  readonly images: ImageIds;
  readonly store: Store;
  readonly snapshots: Snapshots;
  /** What every machine runs: there before the first of them. */
  readonly service: Service;
  /** What an instance is started with, before its names are filled in. */
  readonly userData: string;
}

/** Seconds that a living portal may take to apply a document: it asks every 2 s, and after 30 s where S3 throttles. */
const PATIENCE = 60;

/** One database deployment in a VPC of its own. */
export class Deployment extends pulumi.ComponentResource {
  /** PEM of the authority that signed the certificates which clients see. */
  readonly authority: pulumi.Output<string>;
  /** Secret. */
  readonly password: pulumi.Output<string>;
  readonly portals: readonly PortalAddress[];
  /** What each portal's SSH shows to clients; none where it is off. */
  readonly hostKeys: readonly pulumi.Output<string>[];

  constructor(name: string, args: DeploymentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("portico:aws:Deployment", name, {}, opts);
    const { target, deployment, plan, images, store, snapshots, service, userData } = args;
    const child = { parent: this };

    const authority = new Authority(name, child);
    const passwords = new Passwords(name, deployment, child);
    const network = new Network(
      name,
      { plan, region: target.region, bucketArn: store.bucketArn },
      child,
    );
    const context: DeploymentContext = {
      ...{ target, deployment, plan, images, store, network, authority, passwords, userData },
    };
    const content = formatDocument(documentOf(deployment, plan.nodes));
    const document = new Objects(
      `${name}-document`,
      {
        store,
        objects: {
          [`${name}-document`]: {
            key: keys.document(name),
            content,
          },
        },
      },
      child,
    );
    new InForce(
      `${name}-document`,
      {
        bucket: store.bucket,
        region: target.region,
        digest: createHash("sha256").update(content).digest("hex"),
        reports: Object.fromEntries(
          plan.portals.map((portal) => [portal.name, keys.applied(name, portal.name)]),
        ),
        timeout: PATIENCE,
      },
      { ...child, dependsOn: document },
    );
    const firewall = new Firewall(
      name,
      {
        vpcId: network.vpcId,
        s3PrefixListId: network.s3PrefixListId,
        ingress: ingressRules(deployment),
        flows: flowsOf(deployment.engine),
        before: document,
      },
      child,
    );

    this.portals = plan.portals.map(
      (portal) =>
        new PortalAddress(portal.name, { context, portal, securityGroup: firewall.portals }, child),
    );
    for (const node of plan.nodes)
      new Node(
        node.name,
        {
          ...{ context, node },
          securityGroup: firewall.nodes,
          portalAddresses: this.portals.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]),
          snapshots: snapshots.tag,
        },
        { ...child, dependsOn: service },
      );
    this.hostKeys = plan.portals.flatMap((portal, index) => {
      const { hostKey } = new Portal(
        portal.name,
        {
          ...{ context, portal, document },
          address: this.portals[index] as PortalAddress,
          after: plan.portals[index - 1]?.name,
        },
        { ...child, dependsOn: service },
      );
      return hostKey ?? [];
    });

    this.authority = authority.certificate;
    this.password = passwords.for("app");
    this.registerOutputs({ authority: this.authority });
  }
}
