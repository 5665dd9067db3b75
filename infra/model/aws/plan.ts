import { addressIn } from "../block.ts";
import type { AwsTarget, Deployment } from "../stack.ts";

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
