// Read in terraform-provider-aws, internal/service/ec2: vpc_network_interface.go, ec2_eip.go, ec2_eip_association.go; names, and the condition
// on `enablePrimaryIpv6`, in @pulumi/aws 7.48.
import { account, dnsName, ec2Arn, ec2Id, ipv6Address, privateIp, publicIp } from "../plausible.ts";
import { boolean, number, replacing, required, set, string } from "../shape.ts";
import { inRegion, type Made, type Table, tagged } from "../table.ts";

export const networkInterface: Table = {
  inputs: {
    subnetId: required(replacing(string)),
    description: string,
    privateIps: set(string),
    privateIpsCount: number,
    ipv6Addresses: set(string),
    ipv6AddressCount: number,
    enablePrimaryIpv6: boolean,
    interfaceType: replacing(string),
    securityGroups: set(string),
    sourceDestCheck: boolean,
    ...inRegion,
    ...tagged,
  },
  atMostOneOf: [["ipv6Addresses", "ipv6AddressCount"]],
  // The first address stays for the interface's life, a primary one of IPv6 once there is one.
  alsoReplaces: ({ before, state, after }) => [
    ...(isList(after.privateIps) && !after.privateIps.includes(state.privateIp)
      ? ["privateIps"]
      : []),
    ...(before.enablePrimaryIpv6 === true ? ["enablePrimaryIpv6"] : []),
  ],
  id: ec2Id("eni"),
  outputs: {
    arn: ec2Arn("network-interface"),
    ipv6Addresses: (made) =>
      Array.from({ length: Number(made.inputs.ipv6AddressCount ?? 0) }, (_, index) =>
        ipv6Address(made, index),
      ),
    macAddress: ({ hex }) => `02:${(hex(10).match(/../g) ?? []).join(":")}`,
    ownerId: account,
    privateDnsName: (made) => dnsName(firstAddress(made), made),
    privateIp: firstAddress,
    privateIps: (made) => [firstAddress(made)],
  },
};

export const eip: Table = {
  inputs: {
    domain: replacing(string),
    address: replacing(string),
    instance: string,
    networkInterface: string,
    associateWithPrivateIp: string,
    networkBorderGroup: replacing(string),
    publicIpv4Pool: replacing(string),
    ...inRegion,
    ...tagged,
  },
  id: ec2Id("eipalloc"),
  outputs: {
    allocationId: ({ id }) => id,
    arn: ec2Arn("elastic-ip"),
    associationId: () => "",
    domain: () => "vpc",
    instance: () => "",
    networkInterface: () => "",
    publicDns: (made) => `ec2-${publicIp(made).replaceAll(".", "-")}.compute.amazonaws.com`,
    publicIp,
  },
};

/** AWS has no change for an association: whatever changes, it is made anew, and the address stays. */
export const eipAssociation: Table = {
  inputs: {
    allocationId: replacing(string),
    publicIp: replacing(string),
    instanceId: replacing(string),
    networkInterfaceId: replacing(string),
    privateIpAddress: replacing(string),
    allowReassociation: replacing(boolean),
    ...inRegion,
  },
  id: ec2Id("eipassoc"),
  outputs: {
    allocationId: ec2Id("eipalloc"),
    instanceId: () => "",
    networkInterfaceId: ec2Id("eni"),
    privateIpAddress: privateIp,
    publicIp,
  },
};

function firstAddress(made: Made): string {
  const { privateIps } = made.inputs;
  return String((isList(privateIps) ? privateIps[0] : undefined) ?? privateIp(made));
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
