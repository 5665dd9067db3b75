// The two networks on this machine: a deployment's own, and the one that all portals share.
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import type { NetworkPlan } from "../../infra/model/plan.ts";
import { labelsOf } from "./container.ts";

export interface PrivateNetworkArgs {
  readonly plan: NetworkPlan;
  readonly stack: string;
  readonly deployment: string;
}

/** A deployment's own network: no way out, no way in but through the portals, which are on it too. */
export class PrivateNetwork extends pulumi.ComponentResource {
  readonly networkName: pulumi.Output<string>;

  constructor(
    name: string,
    { plan, stack, deployment }: PrivateNetworkArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("portico:local:PrivateNetwork", name, {}, opts);

    const network = new docker.Network(
      name,
      {
        name: plan.name,
        internal: true,
        ipamConfigs: [{ subnet: plan.cidr, gateway: plan.gateway }],
        // Without it the bridge has an address of this machine, and nodes reach its services there.
        options: { "com.docker.network.bridge.inhibit_ipv4": "true" },
        labels: labelsOf(stack, deployment),
      },
      { parent: this, deleteBeforeReplace: true },
    );

    this.networkName = network.name;
    this.registerOutputs({ networkName: this.networkName });
  }
}

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
        // The gateway's address is fixed, since whitelists name it.
        ipamConfigs: [{ subnet: plan.cidr, gateway: plan.gateway }],
        labels: labelsOf(stack),
      },
      { parent: this, deleteBeforeReplace: true },
    );

    this.networkName = network.name;
    this.registerOutputs({ networkName: this.networkName });
  }
}
