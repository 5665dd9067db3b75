// Read in terraform-provider-aws, internal/service/ec2: vpc_internet_gateway.go, vpc_route_table.go, vpc_route.go,
// vpc_route_table_association.go; names in @pulumi/aws 7.48.
import { account, ec2Arn, ec2Id } from "../plausible.ts";
import { object, replacing, required, set, string } from "../shape.ts";
import { inRegion, type Table, tagged } from "../table.ts";

export const internetGateway: Table = {
  inputs: { vpcId: string, ...inRegion, ...tagged },
  id: ec2Id("igw"),
  outputs: { arn: ec2Arn("internet-gateway"), ownerId: account },
};

export const routeTable: Table = {
  inputs: {
    vpcId: required(replacing(string)),
    routes: set(
      object({
        cidrBlock: string,
        ipv6CidrBlock: string,
        destinationPrefixListId: string,
        gatewayId: string,
        egressOnlyGatewayId: string,
        natGatewayId: string,
        networkInterfaceId: string,
      }),
    ),
    ...inRegion,
    ...tagged,
  },
  id: ec2Id("rtb"),
  outputs: { arn: ec2Arn("route-table"), ownerId: account, routes: () => [] },
};

const DESTINATIONS = [
  "destinationCidrBlock",
  "destinationIpv6CidrBlock",
  "destinationPrefixListId",
];
const TARGETS = [
  "egressOnlyGatewayId",
  "gatewayId",
  "natGatewayId",
  "networkInterfaceId",
  "transitGatewayId",
  "vpcEndpointId",
  "vpcPeeringConnectionId",
];

export const route: Table = {
  inputs: {
    routeTableId: required(replacing(string)),
    ...Object.fromEntries(DESTINATIONS.map((name) => [name, replacing(string)])),
    ...Object.fromEntries(TARGETS.map((name) => [name, string])),
    ...inRegion,
  },
  exactlyOneOf: [DESTINATIONS, TARGETS],
  id: ({ inputs, hex }) => `r-${String(inputs.routeTableId)}${hex(9)}`,
  outputs: {
    instanceId: () => "",
    instanceOwnerId: () => "",
    origin: () => "CreateRoute",
    state: () => "active",
  },
};

export const routeTableAssociation: Table = {
  inputs: {
    routeTableId: required(string),
    subnetId: replacing(string),
    gatewayId: replacing(string),
    ...inRegion,
  },
  exactlyOneOf: [["subnetId", "gatewayId"]],
  id: ec2Id("rtbassoc"),
};
