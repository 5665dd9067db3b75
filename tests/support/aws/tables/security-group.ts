// Read in terraform-provider-aws 6.x, internal/service/ec2: vpc_security_group.go, vpc_security_group_ingress_rule.go (egress rules share
// its code), and in pulumi-aws 7.x, provider/resource_overrides.go and autonaming.go. Inline rules are known although we make none: the
// guard has to be shown them.
import { account, ec2Arn, ec2Id } from "../plausible.ts";
import {
  boolean,
  list,
  number,
  object,
  type Property,
  replacing,
  required,
  set,
  string,
} from "../shape.ts";
import { inRegion, named, type Table, tagged } from "../table.ts";

// EC2's API reference: IpRange and CreateSecurityGroup, "Constraints: Up to 255 characters in length".
const description: Property = { ...string, takes: /^[A-Za-z0-9 ._\-:/()#,@[\]+=&;{}!$*]{0,255}$/ };

const inlineRules = set(
  object({
    cidrBlocks: list(string),
    ipv6CidrBlocks: list(string),
    prefixListIds: list(string),
    securityGroups: set(string),
    self: boolean,
    description,
    fromPort: required(number),
    toPort: required(number),
    protocol: required(string),
  }),
);

export const securityGroup: Table = {
  inputs: {
    name: replacing(string),
    namePrefix: replacing(string),
    description: replacing(description),
    vpcId: replacing(string),
    ingress: inlineRules,
    egress: inlineRules,
    revokeRulesOnDelete: boolean,
    ...inRegion,
    ...tagged,
  },
  atMostOneOf: [["name", "namePrefix"]],
  autoname: named,
  id: ec2Id("sg"),
  outputs: {
    arn: ec2Arn("security-group"),
    ingress: () => [],
    egress: () => [],
    ownerId: account,
  },
};

const SOURCES = ["cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"];

/** AWS changes a rule in place as long as its source stays of the same sort. */
export const securityGroupRule: Table = {
  inputs: {
    securityGroupId: required(replacing(string)),
    ipProtocol: required(string),
    fromPort: number,
    toPort: number,
    ...Object.fromEntries(SOURCES.map((name) => [name, string])),
    description,
    ...inRegion,
    ...tagged,
  },
  exactlyOneOf: [SOURCES],
  alsoReplaces: ({ before, after }) =>
    SOURCES.filter((name) => (before[name] === undefined) !== (after[name] === undefined)),
  id: ec2Id("sgr"),
  outputs: { arn: ec2Arn("security-group-rule"), securityGroupRuleId: ({ id }) => id },
};
