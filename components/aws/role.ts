import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { ec2Trust, machinePolicy } from "../../infra/model/aws/policy.ts";
import type { Place } from "./place.ts";

export interface RoleArgs {
  readonly place: Place;
  readonly isPortal: boolean;
  /** The machine whose image this one waits for. */
  readonly after?: string | undefined;
}

/** What one machine may do: its own prefix of the bucket, and nothing else of the account. */
export class Role extends pulumi.ComponentResource {
  readonly profile: pulumi.Output<string>;

  constructor(
    name: string,
    { place, isPortal, after }: RoleArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("portico:aws:Role", name, {}, opts);
    const child = { parent: this };
    const { store, deployment } = place;

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
