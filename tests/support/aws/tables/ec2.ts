// Read in terraform-provider-aws, internal/service/ec2: ec2_instance.go and its schema of 6.0, vpc_network_interface.go, ec2_eip.go,
// ec2_eip_association.go, ebs_volume_attachment.go; names and some conditions in @pulumi/aws 7.48. Not verified: that another
// `primaryNetworkInterface` replaces an instance (newer than what could be read); its predecessor `networkInterfaces` does, and AWS can't
// move the first interface of a machine.
import { account, dnsName, ec2Arn, ec2Id, ipv6Address, privateIp, publicIp } from "../plausible.ts";
import { boolean, map, number, object, replacing, required, set, string } from "../shape.ts";
import { inRegion, type Made, type Table, tagged } from "../table.ts";

export const instance: Table = {
  inputs: {
    ami: replacing(string),
    instanceType: string,
    availabilityZone: replacing(string),
    subnetId: replacing(string),
    keyName: replacing(string),
    privateIp: replacing(string),
    associatePublicIpAddress: replacing(boolean),
    ipv6AddressCount: number,
    vpcSecurityGroupIds: set(string),
    primaryNetworkInterface: object({
      networkInterfaceId: required(replacing(string)),
      deleteOnTermination: boolean,
    }),
    iamInstanceProfile: string,
    userData: string,
    userDataBase64: string,
    userDataReplaceOnChange: boolean,
    metadataOptions: object({
      httpEndpoint: string,
      httpTokens: string,
      httpPutResponseHopLimit: number,
      httpProtocolIpv6: string,
      instanceMetadataTags: string,
    }),
    rootBlockDevice: object({
      deleteOnTermination: boolean,
      encrypted: replacing(boolean),
      kmsKeyId: replacing(string),
      iops: number,
      throughput: number,
      volumeSize: number,
      volumeType: string,
      tags: map(string),
    }),
    creditSpecification: object({ cpuCredits: string }),
    maintenanceOptions: object({ autoRecovery: string }),
    disableApiStop: boolean,
    disableApiTermination: boolean,
    ebsOptimized: replacing(boolean),
    instanceInitiatedShutdownBehavior: string,
    monitoring: boolean,
    sourceDestCheck: boolean,
    tenancy: replacing(string),
    volumeTags: map(string),
    ...inRegion,
    ...tagged,
  },
  atMostOneOf: [
    ["userData", "userDataBase64"],
    ["primaryNetworkInterface", "subnetId"],
    ["primaryNetworkInterface", "vpcSecurityGroupIds"],
    ["primaryNetworkInterface", "associatePublicIpAddress"],
    ["primaryNetworkInterface", "privateIp"],
  ],
  alsoReplaces: ({ after }) =>
    after.userDataReplaceOnChange === true ? ["userData", "userDataBase64"] : [],
  id: ec2Id("i"),
  // An address is made up even where an interface brings its own: the provider knows nothing of other resources here.
  outputs: {
    arn: ec2Arn("instance"),
    availabilityZone: ({ region }) => `${region}a`,
    instanceState: () => "running",
    primaryNetworkInterfaceId: (made) => ownInterface(made),
    privateDns: (made) => dnsName(privateIp(made), made),
    privateIp,
    publicDns: () => "",
    publicIp: (made) => (made.inputs.associatePublicIpAddress === true ? publicIp(made) : ""),
  },
};

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

export const volumeAttachment: Table = {
  inputs: {
    deviceName: required(replacing(string)),
    instanceId: required(replacing(string)),
    volumeId: required(replacing(string)),
    forceDetach: boolean,
    skipDestroy: boolean,
    stopInstanceBeforeDetaching: boolean,
    ...inRegion,
  },
  id: ({ hex }) => `vai-${Number.parseInt(hex(8), 16)}`,
};

function ownInterface(made: Made): unknown {
  const given = made.inputs.primaryNetworkInterface;
  return typeof given === "object" && given !== null
    ? Reflect.get(given, "networkInterfaceId")
    : ec2Id("eni")(made);
}

function firstAddress(made: Made): string {
  const { privateIps } = made.inputs;
  return String((isList(privateIps) ? privateIps[0] : undefined) ?? privateIp(made));
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
