import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { dlmPolicy, dlmTrust } from "../../infra/model/aws-bucket.ts";

export interface SnapshotsArgs {
  readonly stack: string;
}

const DAYS_KEPT = 7;

/** Daily snapshots of every data volume that carries the tag, kept for a week. */
export class Snapshots extends pulumi.ComponentResource {
  readonly tag: Readonly<Record<string, string>>;

  constructor(name: string, { stack }: SnapshotsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("portico:aws:Snapshots", name, {}, opts);
    const child = { parent: this };
    this.tag = { "portico:snapshots": stack };

    const role = new aws.iam.Role(name, { assumeRolePolicy: dlmTrust }, child);
    new aws.iam.RolePolicy(name, { role: role.id, policy: dlmPolicy }, child);
    new aws.dlm.LifecyclePolicy(
      name,
      {
        description: `Daily snapshots of ${stack}`,
        executionRoleArn: role.arn,
        state: "ENABLED",
        policyDetails: {
          resourceTypes: ["VOLUME"],
          targetTags: this.tag,
          schedules: [
            {
              name: "daily",
              createRule: { interval: 24, intervalUnit: "HOURS", times: "03:00" },
              retainRule: { count: DAYS_KEPT },
              copyTags: true,
            },
          ],
        },
      },
      child,
    );
    this.registerOutputs({});
  }
}
