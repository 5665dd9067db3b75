// Read in terraform-provider-aws, internal/service/ecr/repository.go; names in @pulumi/aws 7.48.
import { ACCOUNT, account, arn } from "../plausible.ts";
import { boolean, list, object, replacing, required, string } from "../shape.ts";
import { inRegion, named, type Table, tagged } from "../table.ts";

export const repository: Table = {
  inputs: {
    name: replacing(string),
    encryptionConfigurations: replacing(
      list(object({ encryptionType: replacing(string), kmsKey: replacing(string) })),
    ),
    imageScanningConfiguration: object({ scanOnPush: required(boolean) }),
    imageTagMutability: string,
    forceDelete: boolean,
    ...inRegion,
    ...tagged,
  },
  autoname: named,
  id: ({ inputs }) => String(inputs.name),
  outputs: {
    arn: ({ region, id }) => arn({ service: "ecr", region, resource: `repository/${id}` }),
    registryId: account,
    repositoryUrl: ({ region, id }) => `${ACCOUNT}.dkr.ecr.${region}.amazonaws.com/${id}`,
  },
};
