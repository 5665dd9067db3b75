import type { Cost } from "./cost.ts";
import { costsOf, NOT_COUNTED, sharedCosts, totalOf } from "./cost.ts";
import type { Footprint } from "./footprint.ts";
import { PRICES } from "./prices.ts";
import type { Quota } from "./quota.ts";
import { DEFAULT_QUOTA, needOf, quotaProblems } from "./quota.ts";

/** What a stack takes and costs, for a person to read before `up`. */
export function planTable(deployments: readonly Footprint[], raised: Partial<Quota> = {}): string {
  const problems = quotaProblems(deployments, raised);
  return [
    ...table(quotaRows(deployments, { ...DEFAULT_QUOTA, ...raised })),
    "(this stack alone: the region's default VPC and what else is there count too)",
    "",
    ...table(costRows(deployments)),
    `An estimate, by ${PRICES.source} in ${PRICES.date}; other regions differ. Not counted:`,
    ...NOT_COUNTED.map((what) => `  ${what}`),
    ...(problems.length === 0 ? [] : ["", "Won't fit:", ...problems.map((one) => `  ✗ ${one}`)]),
  ].join("\n");
}

type Row = readonly [string, string, string];

function quotaRows(deployments: readonly Footprint[], quota: Quota): readonly Row[] {
  const { vpcs, eips, instances, groups } = needOf(deployments);
  return [
    ["", "needed", "quota"],
    ["VPCs", `${vpcs}`, `${quota.vpcs}`],
    ["public addresses (EIP)", `${eips}`, `${quota.eips}`],
    ["instances", `${instances}`, "by vCPU"],
    ...groups.map(
      ({ deployment, ipv4, ipv6 }): Row => [
        `inbound rules of ${deployment}'s portals`,
        `${ipv4} IPv4, ${ipv6} IPv6`,
        `${quota.rulesPerGroup} each`,
      ],
    ),
  ];
}

function costRows(deployments: readonly Footprint[]): readonly Row[] {
  const all = [...deployments.flatMap(costsOf), ...sharedCosts()];
  return [
    ["", "", "a month"],
    ...deployments.flatMap((deployment) =>
      costsOf(deployment).map((cost, index) => row(index === 0 ? deployment.name : "", cost)),
    ),
    ...sharedCosts().map((cost, index) => row(index === 0 ? "the stack" : "", cost)),
    ["together", "", dollars(totalOf(all))],
  ];
}

function row(name: string, { what, monthly }: Cost): Row {
  return [name, what, dollars(monthly)];
}

/** Two digits that mean something: more would pretend to know. */
function dollars(amount: number | undefined): string {
  if (amount === undefined) return "no price here";
  if (amount < 1) return "below $1";
  return `about $${Math.round(Number(amount.toPrecision(2)))}`;
}

function table(rows: readonly Row[]): readonly string[] {
  const [first, second] = [0, 1].map((column) =>
    Math.max(...rows.map((cells) => [...(cells[column] ?? "")].length)),
  );
  return rows.map(([a, b, c]) =>
    `${a.padEnd(first ?? 0)}  ${b.padEnd(second ?? 0)}  ${c}`.trimEnd(),
  );
}
