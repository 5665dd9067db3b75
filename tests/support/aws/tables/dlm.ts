// Read in terraform-provider-aws, internal/service/dlm/lifecycle_policy.go, and in pulumi-aws 7.x, provider/resource_overrides.go; names in
// @pulumi/aws 7.48.
import { arn } from "../plausible.ts";
import { boolean, list, map, number, object, replacing, required, string } from "../shape.ts";
import { inRegion, type Table, tagged } from "../table.ts";

export const lifecyclePolicy: Table = {
  inputs: {
    description: required(string),
    executionRoleArn: required(string),
    policyDetails: required(
      object({
        policyType: string,
        resourceTypes: list(string),
        targetTags: map(string),
        schedules: list(
          object({
            name: required(string),
            copyTags: replacing(boolean),
            createRule: required(
              object({
                interval: number,
                intervalUnit: string,
                times: string,
                cronExpression: string,
              }),
            ),
            retainRule: required(object({ count: number, interval: number, intervalUnit: string })),
            tagsToAdd: map(string),
          }),
        ),
      }),
    ),
    state: string,
    ...inRegion,
    ...tagged,
  },
  id: ({ hex }) => `policy-0${hex(16)}`,
  outputs: {
    arn: ({ region, id }) => arn({ service: "dlm", region, resource: `policy/${id}` }),
    state: () => "ENABLED",
  },
};
