// What deployments take of an AWS account, and whether its quotas have room for that.
import { portRanges } from "./aws-firewall.ts";
import type { AwsDeployment } from "./stack.ts";

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
  /** Ingress rules that one whitelist entry takes: one per range of ports. */
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

/** What an account may have in a region. */
export interface Quota {
  readonly vpcs: number;
  readonly eips: number;
  /** Inbound rules of a security group; IPv4 and IPv6 are counted apart. */
  readonly rulesPerGroup: number;
}

/** What every account begins with: docs.aws.amazon.com/general/latest/gr/vpc-service.html, ec2-service.html. */
export const DEFAULT_QUOTA: Quota = { vpcs: 5, eips: 5, rulesPerGroup: 60 };

export interface Need {
  readonly vpcs: number;
  readonly eips: number;
  readonly instances: number;
  readonly groups: readonly GroupNeed[];
}

/** The inbound rules of a deployment's portals' group. */
export interface GroupNeed {
  readonly deployment: string;
  /** Rules that one whitelist entry takes. */
  readonly each: number;
  readonly ipv4: number;
  readonly ipv6: number;
}

export function needOf(deployments: readonly Footprint[]): Need {
  const sum = (count: (deployment: Footprint) => number) =>
    deployments.reduce((total, deployment) => total + count(deployment), 0);
  return {
    vpcs: deployments.length,
    eips: sum(({ portals }) => portals),
    instances: sum(({ nodes, portals }) => nodes + portals),
    groups: deployments.map((deployment) => ({
      deployment: deployment.name,
      each: deployment.rulesAnEntry,
      ipv4: rulesFor(deployment.whitelistV4, deployment),
      ipv6: rulesFor(deployment.whitelistV6, deployment),
    })),
  };
}

/** How many inbound rules a whitelist of one family takes. */
function rulesFor(
  entries: number,
  { enforcement, rulesAnEntry }: Pick<Footprint, "enforcement" | "rulesAnEntry">,
): number {
  return rulesAnEntry * (enforcement === "proxy" ? Math.min(entries, 1) : entries);
}

/** What AWS would refuse half-way through an update, one sentence each. Empty: everything fits. */
export function quotaProblems(
  deployments: readonly Footprint[],
  raised: Partial<Quota> = {},
): readonly string[] {
  const quota = { ...DEFAULT_QUOTA, ...raised };
  const need = needOf(deployments);
  return [
    ...(need.vpcs > quota.vpcs
      ? [
          `${need.vpcs} deployments need ${need.vpcs} VPCs, and the account may have ${quota.vpcs} in a region${remedy("vpcs", need.vpcs)}`,
        ]
      : []),
    ...(need.eips > quota.eips
      ? [
          `the portals need ${need.eips} public addresses, and the account may have ${quota.eips} in a region${remedy("eips", need.eips)}`,
        ]
      : []),
    ...need.groups.flatMap((group) => tooManyRules(group, quota.rulesPerGroup)),
  ];
}

function tooManyRules(
  { deployment, each, ipv4, ipv6 }: GroupNeed,
  most: number,
): readonly string[] {
  return (
    [
      ["IPv4", ipv4],
      ["IPv6", ipv6],
    ] as const
  )
    .filter(([, rules]) => rules > most)
    .map(
      ([family, rules]) =>
        `deployments.${deployment}.whitelist: its ${family} entries need ${rules} rules (${each} each), and a security group may have ${most}` +
        `${remedy("rulesPerGroup", rules)}, or let HAProxy alone decide: enforcement: proxy`,
    );
}

function remedy(key: keyof Quota, value: number): string {
  return `; have the quota raised and say so in the config, quota.${key}: ${value}`;
}
