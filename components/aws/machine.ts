// One EC2 instance with what it may do, and what all machines of a deployment have in common.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { ec2Trust, machinePolicy } from "../../infra/model/aws-bucket.ts";
import { userData } from "../../infra/model/aws-machine.ts";
import type { AwsPlan } from "../../infra/model/aws-plan.ts";
import { ROOT_GIB } from "../../infra/model/aws-quota.ts";
import type { AwsDeployment, AwsTarget } from "../../infra/model/stack.ts";
import type { Authority } from "../certificates.ts";
import type { Passwords } from "../passwords.ts";
import type { ImageIds } from "./images.ts";
import type { Network } from "./network.ts";
import type { Store } from "./store.ts";

/** What all machines of a deployment on AWS have in common. */
export interface DeploymentContext {
  readonly target: AwsTarget;
  readonly deployment: AwsDeployment;
  readonly plan: AwsPlan;
  readonly store: Store;
  /** `machine/user-data.sh`. */
  readonly userData: string;
  readonly images: ImageIds;
  readonly network: Network;
  readonly authority: Authority;
  readonly passwords: Passwords;
}

export interface MachineArgs {
  readonly context: DeploymentContext;
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
    const { context, isPortal, ami, instanceType, networkInterfaceId, after, finds } = args;
    const { target, deployment, store } = context;

    const role = new Role(name, { context, isPortal, after }, { parent: this });
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
          userData(context.userData, {
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

export interface RoleArgs {
  readonly context: DeploymentContext;
  readonly isPortal: boolean;
  /** The machine whose image this one waits for. */
  readonly after?: string | undefined;
}

/** What one machine may do: its own prefix of the bucket, and nothing else of the account. */
export class Role extends pulumi.ComponentResource {
  readonly profile: pulumi.Output<string>;

  constructor(
    name: string,
    { context, isPortal, after }: RoleArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("portico:aws:Role", name, {}, opts);
    const child = { parent: this };
    const { store, deployment } = context;

    const role = new aws.iam.Role(name, { assumeRolePolicy: ec2Trust }, child);
    new aws.iam.RolePolicy(
      name,
      {
        role: role.id,
        policy: pulumi.all([store.bucketArn, store.keyArn]).apply(([bucketArn, keyArn]) =>
          machinePolicy({
            ...{ bucketArn, keyArn, isPortal, after },
            deployment: deployment.name,
            machine: name,
          }),
        ),
      },
      child,
    );
    const profile = new aws.iam.InstanceProfile(name, { role: role.name }, child);

    this.profile = profile.name;
    this.registerOutputs({});
  }
}
