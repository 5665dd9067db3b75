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
  /** `proxy`: the security group is open on the endpoints' ports, and HAProxy alone decides. */
  readonly enforcement?: "firewall" | "proxy";
}

/** Root disk of every instance: what Amazon Linux 2023's image asks for. */
export const ROOT_GIB = 8;

/** A whitelist entry is an ingress rule for the endpoints' ports and one for the status page. */
export const RULES_AN_ENTRY = 2;
