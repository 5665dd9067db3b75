// Where a deployment is on AWS: its network, the addresses in it, and the names that certificates bear there.
import { createHash } from "node:crypto";

import { canonicalCidr } from "../../proxy-image/src/cidr.ts";
import { addressIn, blockOf, contains, overlaps } from "./block.ts";
import type { CertificatePlan } from "./certificates.ts";
import type { AwsTarget, Deployment } from "./stack.ts";

/** Where everything of one deployment is in its VPC: subnets and fixed private addresses. */
export interface AwsPlan {
  readonly cidr: string;
  /** With a route to the internet gateway; one in each portal zone. */
  readonly publicSubnets: readonly SubnetPlan[];
  /** Without a way out; one in each node zone. */
  readonly nodeSubnets: readonly SubnetPlan[];
  readonly nodes: readonly MachinePlan[];
  readonly portals: readonly MachinePlan[];
}

export interface SubnetPlan {
  /** Logical name: deployment, role, zone. */
  readonly name: string;
  readonly zone: string;
  readonly cidr: string;
  /** Which /64 of the VPC's IPv6 block it has. Undefined: IPv4 alone. */
  readonly ipv6: number | undefined;
}

export interface MachinePlan {
  /** Its name in the cluster, its key prefix in the bucket, and the logical name of its resources. */
  readonly name: string;
  readonly subnet: SubnetPlan;
  readonly address: string;
}

/** Each subnet is a /27, of which AWS keeps the first four addresses and the last. */
const SUBNET = 32;
const FIRST_NODE_SUBNET = 3;
const PORTAL_ZONES = 2;

export function planOnAws(
  {
    name,
    network,
    nodes,
    portals,
  }: Pick<Deployment, "name" | "nodes" | "portals"> & {
    readonly network: string;
  },
  { zones }: Pick<AwsTarget, "zones">,
): AwsPlan {
  const subnet = (role: string, zone: string, index: number, ipv6?: number): SubnetPlan => ({
    name: `${name}-${role}-${zone}`,
    zone,
    cidr: `${addressIn(network, index * SUBNET)}/27`,
    ipv6,
  });
  const publicSubnets = zones
    .slice(0, PORTAL_ZONES)
    .map((zone, index) => subnet("public", zone, index, index));
  const nodeSubnets = zones.map((zone, index) => subnet("nodes", zone, FIRST_NODE_SUBNET + index));
  const machines = (kind: string, count: number, subnets: readonly SubnetPlan[]) =>
    Array.from({ length: count }, (_, index): MachinePlan => {
      const at = subnets[index % subnets.length] as SubnetPlan;
      const ordinal = index + 1;
      return {
        name: `${name}${kind}-${ordinal}`,
        subnet: at,
        address: addressIn(at.cidr, 10 + ordinal),
      };
    });
  return {
    cidr: network,
    publicSubnets,
    nodeSubnets,
    nodes: machines("", nodes, nodeSubnets),
    portals: machines("-portal", portals, publicSubnets),
  };
}

/**
 * The /24 of a deployment that names none: it follows from the deployment's name alone, so that it stays while others come and
 * go. Two names may meet: the config rejects that, and `network` settles it.
 */
export function networkOf(name: string, range: string): string {
  const { first, last } = blockOf(range);
  const networks = Number((last - first + 1n) / 256n);
  const number = createHash("sha256").update(name).digest().readUInt32BE(0) % networks;
  return `${addressIn(range, number * 256)}/24`;
}

/** RFC 1918, and RFC 6598's shared addresses, which a VPC may have too. */
const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];

/** Every machine has this one inside: what is sent there never leaves it. */
const DOCKER = "172.17.0.0/16";

/** Why a deployment on AWS can't have its network there. Undefined: it can. */
export function unusableNetwork(cidr: string): string | undefined {
  if (canonicalCidr(cidr) !== cidr || cidr.includes(":"))
    return 'must be a block such as "10.64.0.0/10"';
  const block = blockOf(cidr);
  if (!PRIVATE.some((range) => contains(blockOf(range), block)))
    return `${cidr} holds public addresses, and clients there could not be answered; private ones are in ${PRIVATE.join(", ")}`;
  if (overlaps(blockOf(DOCKER), block))
    return `${cidr} overlaps ${DOCKER}, Docker's own on each machine`;
  return undefined;
}

/**
 * A database server's certificate on a node. TLS passes through the portals, so it also names theirs: their private addresses here, their
 * public ones are added when they are known.
 */
export function serverCertificate(
  node: MachinePlan,
  { portals }: AwsPlan,
  uses: CertificatePlan["uses"] = ["server_auth"],
): CertificatePlan {
  return {
    dnsNames: [node.name, ...portals.map(({ name }) => name), "localhost"],
    ipAddresses: [node.address, ...portals.map(({ address }) => address), "127.0.0.1"],
    uses,
  };
}

/** A portal's own certificate, where it ends TLS. Its public addresses are added when they are known. */
export function portalServerCertificate({ name, address }: MachinePlan): CertificatePlan {
  return {
    dnsNames: [name, "localhost"],
    ipAddresses: [address, "127.0.0.1"],
    uses: ["server_auth"],
  };
}
