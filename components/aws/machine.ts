import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { ROOT_GIB } from "../../infra/model/aws/footprint.ts";
import { userData } from "../../infra/model/aws/user-data.ts";
import type { Place } from "./place.ts";
import { Role } from "./role.ts";

export interface MachineArgs {
  readonly place: Place;
  readonly isPortal: boolean;
  readonly ami: string;
  readonly instanceType: string;
  /** It outlives the instance, and so does its address. */
  readonly networkInterfaceId: pulumi.Input<string>;
  readonly after?: string | undefined;
  /** What the machine finds in the bucket when it starts. */
  readonly finds: readonly pulumi.Resource[];
}

/** One EC2 instance with its role. All that may change in daily use is in the bucket, so the instance stays. */
export class Machine extends pulumi.ComponentResource {
  readonly instanceId: pulumi.Output<string>;

  constructor(name: string, args: MachineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("portico:aws:Machine", name, {}, opts);
    const { place, isPortal, ami, instanceType, networkInterfaceId, after, finds } = args;
    const { target, deployment, store } = place;

    const role = new Role(name, { place, isPortal, after }, { parent: this });
    const instance = new aws.ec2.Instance(
      name,
      {
        ami,
        instanceType,
        iamInstanceProfile: role.profile,
        primaryNetworkInterface: { networkInterfaceId },
        // The container is on the host's network, so one hop is enough: nothing routed gets credentials.
        metadataOptions: {
          httpTokens: "required",
          httpPutResponseHopLimit: 1,
          httpEndpoint: "enabled",
        },
        rootBlockDevice: {
          ...{ encrypted: true, volumeType: "gp3", volumeSize: ROOT_GIB },
          // The provider's default tags don't reach it.
          tags: { Name: `${name}-root`, "portico:stack": target.name },
        },
        userData: store.bucket.apply((bucket) =>
          userData(place.userData, {
            bucket,
            region: target.region,
            deployment: deployment.name,
            machine: name,
          }),
        ),
        tags: { Name: name },
      },
      // Its interface can be attached to one instance at a time.
      { parent: this, deleteBeforeReplace: true, dependsOn: [...finds] },
    );

    this.instanceId = instance.id;
    this.registerOutputs({ instanceId: this.instanceId });
  }
}
