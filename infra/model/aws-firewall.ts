// Rules of the security groups: who may reach the portals, and which connections the machines of a deployment open to each other.

import type { Flow as Row } from "../../engines/row.ts";
import type { Engine } from "../../engines/table.ts";
import { catalogue, endpointsOf, SSH, STATUS } from "../../engines/table.ts";
import { blockOf } from "./block.ts";
import type { AwsDeployment } from "./stack.ts";

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

type Ported = Parameters<typeof endpointsOf>[0];

const EVERYBODY = { ipv4: "0.0.0.0/0", ipv6: "::/0" } as const;
const FAMILIES = ["ipv4", "ipv6"] as const;

/**
 * The portals' ports, neighbours in one range. SSH has its own, and the last: turning it on adds rules, and changes none that
 * clients use already.
 */
export function portRanges(deployment: Ported): readonly PortRange[] {
  const ports = [...endpointsOf(deployment).map(({ port }) => port), STATUS].sort((a, b) => a - b);
  const ranges: { from: number; to: number }[] = [];
  for (const port of ports) {
    const last = ranges.at(-1);
    if (last !== undefined && last.to + 1 === port) last.to = port;
    else ranges.push({ from: port, to: port });
  }
  return deployment.ssh ? [...ranges, { from: SSH, to: SSH }] : ranges;
}

/**
 * One rule for each entry and range of ports, named by the entry's CIDR, so that an edit of one entry is an edit of its own rules
 * alone. An entry that is over keeps its rule: nothing here depends on the clock, and the portals let nobody in on it.
 */
export function ingressRules(deployment: AwsDeployment): readonly IngressRule[] {
  const { name } = deployment;
  return FAMILIES.flatMap((family) =>
    reachOf(deployment, family).flatMap(({ cidr, note }) =>
      portRanges(deployment).map(({ from, to }, index) => ({
        name: `${name}-${cidr}${index === 0 ? "" : `-${from}`}`,
        family,
        cidr,
        fromPort: from,
        toPort: to,
        description: description(note),
      })),
    ),
  );
}

/** The sources that the security group lets through. Where the portals alone decide, a family with an entry is open. */
function reachOf(deployment: AwsDeployment, family: IngressRule["family"]) {
  const sources = sourcesOf(deployment, family);
  if (deployment.open) return [{ cidr: EVERYBODY[family], note: "open to everybody" }];
  if (deployment.enforcement === "firewall" || sources.length === 0) return sources;
  return [{ cidr: EVERYBODY[family], note: "the portals alone enforce the whitelist" }];
}

function sourcesOf({ whitelist }: AwsDeployment, family: IngressRule["family"]) {
  return whitelist.filter(({ cidr }) => blockOf(cidr).family === family);
}

/** A connection between machines of a deployment: who may open it to whom, at which TCP port. */
export interface Flow extends Row {
  readonly to: "nodes";
}

export function flowsOf(engine: Engine): readonly Flow[] {
  return catalogue[engine].flows.map(({ from, port, what }) => ({
    ...{ from, to: "nodes", port },
    // Written for people: an apostrophe is more than AWS takes.
    what: description(what.replaceAll("'", "")),
  }));
}

/**
 * A security group rule's description: AWS takes 255 characters of a small set, and refuses the rule otherwise (EC2 API reference,
 * IpRange).
 */
function description(text: string): string {
  return text.replace(/[^A-Za-z0-9 ._\-:/()#,@[\]+=&;{}!$*]/g, "?").slice(0, 255);
}
