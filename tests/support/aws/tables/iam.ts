// Read in terraform-provider-aws, internal/service/iam: role.go, role_policy.go, instance_profile.go, and in pulumi-aws 7.x,
// provider/resource_overrides.go. Policies are taken as JSON in a string only; the SDK has an object for them too.
import { arn } from "../plausible.ts";
import { boolean, list, number, object, replacing, required, set, string } from "../shape.ts";
import { named, type Table, tagged } from "../table.ts";

const BORN = "2026-01-01T00:00:00Z";
const names = { name: replacing(string), namePrefix: replacing(string) };

export const role: Table = {
  inputs: {
    ...names,
    assumeRolePolicy: required(string),
    description: string,
    path: replacing(string),
    permissionsBoundary: string,
    maxSessionDuration: number,
    forceDetachPolicies: boolean,
    managedPolicyArns: set(string),
    inlinePolicies: list(object({ name: string, policy: string })),
    ...tagged,
  },
  atMostOneOf: [["name", "namePrefix"]],
  autoname: named,
  id: ({ inputs }) => String(inputs.name),
  outputs: {
    arn: ({ id, inputs }) => arn({ service: "iam", resource: `role${path(inputs.path)}${id}` }),
    createDate: () => BORN,
    managedPolicyArns: () => [],
    uniqueId: ({ hex }) => `AROA${hex(17).toUpperCase()}`,
  },
};

export const rolePolicy: Table = {
  inputs: { ...names, role: required(replacing(string)), policy: required(string) },
  atMostOneOf: [["name", "namePrefix"]],
  autoname: named,
  id: ({ inputs }) => `${String(inputs.role)}:${String(inputs.name)}`,
};

export const instanceProfile: Table = {
  inputs: { ...names, path: replacing(string), role: string, ...tagged },
  atMostOneOf: [["name", "namePrefix"]],
  autoname: named,
  id: ({ inputs }) => String(inputs.name),
  outputs: {
    arn: ({ id, inputs }) =>
      arn({ service: "iam", resource: `instance-profile${path(inputs.path)}${id}` }),
    createDate: () => BORN,
    uniqueId: ({ hex }) => `AIPA${hex(17).toUpperCase()}`,
  },
};

function path(given: unknown): string {
  return given === undefined ? "/" : String(given);
}
