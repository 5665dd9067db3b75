// Read in terraform-provider-aws, internal/service/ec2: ec2_instance.go and its schema of 6.0, ebs_volume_attachment.go; names in @pulumi/aws
// 7.48. Not verified: that another `primaryNetworkInterface` replaces an instance (newer than what could be read); its predecessor
// `networkInterfaces` does, and AWS can't move the first interface of a machine.
import { dnsName, ec2Arn, ec2Id, privateIp, publicIp } from "../plausible.ts";
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
