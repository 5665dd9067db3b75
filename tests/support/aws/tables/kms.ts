// Read in terraform-provider-aws, internal/service/kms: key.go, alias.go; the names of aliases in pulumi-aws 7.x,
// provider/resource_overrides.go.
import { arn } from "../plausible.ts";
import { boolean, number, replacing, required, string } from "../shape.ts";
import { inRegion, type Table, tagged } from "../table.ts";

export const key: Table = {
  inputs: {
    description: string,
    policy: string,
    enableKeyRotation: boolean,
    rotationPeriodInDays: number,
    deletionWindowInDays: number,
    isEnabled: boolean,
    keyUsage: replacing(string),
    customerMasterKeySpec: replacing(string),
    multiRegion: replacing(boolean),
    bypassPolicyLockoutSafetyCheck: boolean,
    ...inRegion,
    ...tagged,
  },
  id: ({ hex }) => uuid(hex(32)),
  outputs: {
    arn: ({ region, id }) => arn({ service: "kms", region, resource: `key/${id}` }),
    keyId: ({ id }) => id,
    policy: () => '{"Version":"2012-10-17","Statement":[]}',
  },
};

export const alias: Table = {
  inputs: {
    name: replacing(string),
    namePrefix: replacing(string),
    targetKeyId: required(string),
    ...inRegion,
  },
  autoname: { property: "name", make: (name, random) => `alias/${name}-${random}` },
  id: ({ inputs }) => String(inputs.name),
  outputs: {
    arn: ({ region, id }) => arn({ service: "kms", region, resource: id }),
    targetKeyArn: ({ region, inputs }) => {
      const target = String(inputs.targetKeyId);
      return target.startsWith("arn:")
        ? target
        : arn({ service: "kms", region, resource: `key/${target}` });
    },
  },
};

function uuid(digits: string): string {
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
