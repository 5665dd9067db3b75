import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import type { NetworkPlan } from "../../infra/model/plan.ts";
import { labelsOf } from "./placement.ts";

export interface PublicNetworkArgs {
  readonly plan: NetworkPlan;
  readonly stack: string;
}

/** The network that the portals of all deployments share: what the internet is on a cloud. */
export class PublicNetwork extends pulumi.ComponentResource {
  readonly networkName: pulumi.Output<string>;

  constructor(
    name: string,
    { plan, stack }: PublicNetworkArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("portico:local:PublicNetwork", name, {}, opts);

    const network = new docker.Network(
      name,
      {
        name: plan.name,
        // The gateway is said, since whitelists name it.
        ipamConfigs: [{ subnet: plan.cidr, gateway: plan.gateway }],
        labels: labelsOf(stack),
      },
      { parent: this, deleteBeforeReplace: true },
    );

    this.networkName = network.name;
    this.registerOutputs({ networkName: this.networkName });
  }
}
