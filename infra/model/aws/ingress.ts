import { blockOf } from "../block.ts";
import { portsOf } from "../plan.ts";
import type { AwsDeployment } from "../stack.ts";

/** One rule of the portals' security group. */
export interface IngressRule {
  /** Logical name: deployment, CIDR, and the first port unless it is an endpoint's. */
  readonly name: string;
  readonly family: "ipv4" | "ipv6";
  readonly cidr: string;
  readonly fromPort: number;
  readonly toPort: number;
  /** For people: the entry's note, or why the rule is wider than the whitelist. */
  readonly description: string;
}

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** Who keeps strangers out, for each family: the security group, or HAProxy alone because there are too many entries. */
export type Enforcement = Readonly<Record<IngressRule["family"], "firewall" | "proxy">>;

const EVERYBODY = { ipv4: "0.0.0.0/0", ipv6: "::/0" } as const;
const FAMILIES = ["ipv4", "ipv6"] as const;

/** The portals' ports, neighbours in one range. */
export function portRanges(engine: AwsDeployment["engine"]): readonly PortRange[] {
  const ports = portsOf(engine)
    .map(({ port }) => port)
    .sort((a, b) => a - b);
  const ranges: { from: number; to: number }[] = [];
  for (const port of ports) {
    const last = ranges.at(-1);
    if (last !== undefined && last.to + 1 === port) last.to = port;
    else ranges.push({ from: port, to: port });
  }
  return ranges;
}

export function enforcementOf(deployment: AwsDeployment, rulesPerGroup: number): Enforcement {
  const ranges = portRanges(deployment.engine).length;
  const proxy = (family: IngressRule["family"]): boolean =>
    deployment.open ||
    deployment.enforcement === "proxy" ||
    sourcesOf(deployment, family).length * ranges > rulesPerGroup;
  return { ipv4: proxy("ipv4") ? "proxy" : "firewall", ipv6: proxy("ipv6") ? "proxy" : "firewall" };
}

/**
 * One rule for each entry and range of ports, named by the entry's CIDR, so that an edit of one entry is an edit of its own rules
 * alone. An entry that is over keeps its rule: nothing here depends on the clock, and the portals let nobody in on it.
 */
export function ingressRules(
  deployment: AwsDeployment,
  rulesPerGroup: number,
): readonly IngressRule[] {
  const { name, engine, open } = deployment;
  const enforcement = enforcementOf(deployment, rulesPerGroup);
  return FAMILIES.flatMap((family) => {
    const sources =
      enforcement[family] === "firewall"
        ? sourcesOf(deployment, family)
        : [{ cidr: EVERYBODY[family], note: openness(open) }];
    return sources.flatMap(({ cidr, note }) =>
      portRanges(engine).map(({ from, to }, index) => ({
        name: `${name}-${cidr}${index === 0 ? "" : `-${from}`}`,
        family,
        cidr,
        fromPort: from,
        toPort: to,
        description: describe(note),
      })),
    );
  });
}

function sourcesOf({ whitelist }: AwsDeployment, family: IngressRule["family"]) {
  return whitelist.filter(({ cidr }) => blockOf(cidr).family === family);
}

function openness(open: boolean): string {
  return open ? "open to everybody" : "the portals alone enforce the whitelist";
}

/** AWS takes 255 characters of a small set. */
function describe(note: string): string {
  return note.replace(/[^A-Za-z0-9 ._\-:/()#,@[\]+=&;{}!$*]/g, "?").slice(0, 255);
}
