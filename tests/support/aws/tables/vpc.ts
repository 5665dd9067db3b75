// Read in terraform-provider-aws, internal/service/ec2: vpc_.go, vpc_subnet.go, vpc_endpoint.go; names in @pulumi/aws 7.48.
import { account, ec2Arn, ec2Id, ipv6Block } from "../plausible.ts";
import { boolean, replacing, required, set, string } from "../shape.ts";
import { inRegion, type Making, type Table, tagged } from "../table.ts";

export const vpc: Table = {
  inputs: {
    cidrBlock: replacing(string),
    assignGeneratedIpv6CidrBlock: boolean,
    enableDnsHostnames: boolean,
    enableDnsSupport: boolean,
    instanceTenancy: string,
    ...inRegion,
    ...tagged,
  },
  id: ec2Id("vpc"),
  outputs: {
    arn: ec2Arn("vpc"),
    defaultNetworkAclId: ec2Id("acl"),
    defaultRouteTableId: ec2Id("rtb"),
    defaultSecurityGroupId: ec2Id("sg"),
    dhcpOptionsId: ec2Id("dopt"),
    enableDnsHostnames: () => false,
    enableDnsSupport: () => true,
    instanceTenancy: () => "default",
    ipv6AssociationId: (made) => ifIpv6(made, ec2Id("vpc-cidr-assoc")(made)),
    ipv6CidrBlock: (made) => ifIpv6(made, ipv6Block(made)),
    mainRouteTableId: ec2Id("rtb"),
    ownerId: account,
  },
};

export const subnet: Table = {
  inputs: {
    vpcId: required(replacing(string)),
    cidrBlock: replacing(string),
    ipv6CidrBlock: string,
    availabilityZone: replacing(string),
    availabilityZoneId: replacing(string),
    assignIpv6AddressOnCreation: boolean,
    mapPublicIpOnLaunch: boolean,
    enableDns64: boolean,
    ipv6Native: replacing(boolean),
    privateDnsHostnameTypeOnLaunch: string,
    enableResourceNameDnsARecordOnLaunch: boolean,
    enableResourceNameDnsAaaaRecordOnLaunch: boolean,
    ...inRegion,
    ...tagged,
  },
  atMostOneOf: [["availabilityZone", "availabilityZoneId"]],
  alsoReplaces: ({ before }) =>
    before.assignIpv6AddressOnCreation === true ? ["ipv6CidrBlock"] : [],
  id: ec2Id("subnet"),
  outputs: {
    arn: ec2Arn("subnet"),
    availabilityZone: ({ region }) => `${region}a`,
    assignIpv6AddressOnCreation: () => false,
    ipv6CidrBlockAssociationId: (made) =>
      made.inputs.ipv6CidrBlock === undefined ? "" : ec2Id("subnet-cidr-assoc")(made),
    mapPublicIpOnLaunch: () => false,
    ownerId: account,
  },
};

export const vpcEndpoint: Table = {
  inputs: {
    vpcId: required(replacing(string)),
    serviceName: replacing(string),
    vpcEndpointType: replacing(string),
    policy: string,
    routeTableIds: set(string),
    subnetIds: set(string),
    securityGroupIds: set(string),
    privateDnsEnabled: boolean,
    ipAddressType: string,
    ...inRegion,
    ...tagged,
  },
  alsoReplaces: ({ after }) => (after.vpcEndpointType === "Interface" ? [] : ["privateDnsEnabled"]),
  id: ec2Id("vpce"),
  outputs: {
    arn: ec2Arn("vpc-endpoint"),
    // Of gateway endpoints: where routes and security groups of the service lead.
    cidrBlocks: () => ["192.0.2.0/24"],
    prefixListId: ({ hex }) => `pl-${hex(8)}`,
    networkInterfaceIds: () => [],
    ownerId: account,
    policy: () => '{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}',
    requesterManaged: () => false,
    routeTableIds: () => [],
    state: () => "available",
    vpcEndpointType: () => "Gateway",
  },
};

function ifIpv6({ inputs }: Making, value: string): string {
  return inputs.assignGeneratedIpv6CidrBlock === true ? value : "";
}
