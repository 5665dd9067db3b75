import type { AwsDeployment } from "../stack.ts";
import { portRanges } from "./ingress.ts";

/** What one deployment takes of an AWS account, as far as quotas and prices go by it. */
export interface Footprint {
  readonly name: string;
  readonly nodes: number;
  readonly portals: number;
  /** Such as "m7g.large". */
  readonly nodeType: string;
  readonly portalType: string;
  /** Data volume of each node. */
  readonly volumeGiB: number;
  /** Whitelist entries. */
  readonly whitelistV4: number;
  readonly whitelistV6: number;
  /** Ingress rules that one whitelist entry takes: one a range of ports. */
  readonly rulesAnEntry: number;
  /** `proxy`: the security group is open on the endpoints' ports, and HAProxy alone decides. */
  readonly enforcement?: "firewall" | "proxy";
}

/** What of a deployment's config quotas and prices go by. */
export function footprintOf(deployment: AwsDeployment): Footprint {
  const { name, nodes, portals, nodeType, portalType, volume, whitelist, enforcement, open } =
    deployment;
  const isIpv6 = ({ cidr }: { readonly cidr: string }) => cidr.includes(":");
  const whitelistV6 = whitelist.filter(isIpv6).length;
  const whitelistV4 = whitelist.length - whitelistV6;
  return {
    ...{ name, nodes, portals, nodeType, portalType, whitelistV4, whitelistV6 },
    volumeGiB: volume,
    rulesAnEntry: portRanges(deployment).length,
    enforcement: open ? "proxy" : enforcement,
  };
}

/** Root disk of every instance: the system, the images that it ran and runs, and a portal's own state. */
export const ROOT_GIB = 16;
