import assert from "node:assert/strict";
import { test } from "node:test";

import { UNKNOWN } from "../../tools/airgap/plugin/kind.ts";
import { mistakes } from "../support/aws/check.ts";
import { settingsMistakes } from "../support/aws/settings.ts";
import { tables } from "../support/aws/tables/all.ts";

const INSTANCE = "aws:ec2/instance:Instance";
const RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const rule = { securityGroupId: UNKNOWN, ipProtocol: "tcp" };

const cases: readonly [string, string, Record<string, unknown>, readonly [string, RegExp][]][] = [
  [
    "a misspelt property of a block",
    INSTANCE,
    { rootBlockDevice: { encryptet: true } },
    [["rootBlockDevice.encryptet", /"encryptet"; did you mean "encrypted"\?$/]],
  ],
  [
    "a property that the tables leave out",
    INSTANCE,
    { hibernation: true },
    [
      [
        "hibernation",
        /knows no property of aws:ec2\/instance:Instance "hibernation"; it knows ami,/,
      ],
    ],
  ],
  [
    "a missing property",
    "aws:ec2/subnet:Subnet",
    {},
    [["vpcId", /^aws:ec2\/subnet:Subnet needs it$/]],
  ],
  [
    "a value of another kind",
    INSTANCE,
    { monitoring: "yes", vpcSecurityGroupIds: "sg-1", tags: { Name: 1 } },
    [
      ["monitoring", /takes a value of kind boolean here, not "yes"$/],
      ["vpcSecurityGroupIds", /takes a value of kind set here, not "sg-1"$/],
      ["tags.Name", /takes a value of kind string here, not 1$/],
    ],
  ],
  [
    "a path where an asset belongs",
    "aws:s3/bucketObjectv2:BucketObjectv2",
    { bucket: "b", source: "a.tar" },
    [["source", /takes a value of kind asset here/]],
  ],
  [
    "a description with characters that EC2 doesn't take",
    RULE,
    { ...rule, cidrIpv4: "203.0.113.0/24", description: "clients' sessions" },
    [["description", /takes no "clients' sessions" here/]],
  ],
  [
    "two of which only one may be",
    INSTANCE,
    { primaryNetworkInterface: { networkInterfaceId: "eni-1" }, subnetId: "subnet-1" },
    [["primaryNetworkInterface, subnetId", /^only one of them must be given$/]],
  ],
  [
    "none of those of which one must be",
    RULE,
    rule,
    [
      [
        "cidrIpv4, cidrIpv6, prefixListId, referencedSecurityGroupId",
        /^exactly one of them must be given$/,
      ],
    ],
  ],
  ["nothing that isn't known yet", RULE, { ...rule, cidrIpv4: UNKNOWN, tags: UNKNOWN }, []],
];

for (const [what, type, inputs, expected] of cases) {
  test(`${what} is refused`, () => {
    const table = tables[type];
    assert.ok(table);
    const found = mistakes(type, table, inputs);
    assert.deepEqual(
      found.map(({ property }) => property),
      expected.map(([property]) => property),
    );
    for (const [index, [, reason]] of expected.entries()) {
      assert.match(found[index]?.reason ?? "", reason);
    }
  });
}

test("a provider without a region is refused", () => {
  assert.deepEqual(settingsMistakes({ skipRegionValidation: "true" }), [
    { property: "region", reason: "pulumi:providers:aws needs it" },
  ]);
});
