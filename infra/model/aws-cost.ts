// What a stack on AWS costs a month, and the table that `portico plan` prints.
import type { Footprint, Quota } from "./aws-quota.ts";
import { DEFAULT_QUOTA, needOf, quotaProblems, ROOT_GIB } from "./aws-quota.ts";

/** One line of an estimate. Undefined: there is no price for it here. */
export interface Cost {
  readonly what: string;
  /** US dollars a month. */
  readonly monthly: number | undefined;
}

/** Snapshots are incremental: a first whole copy, and what a week changes. */
const SNAPSHOT_SHARE = 1.3;

const HOURS_A_MONTH = 730;
const SECONDS_A_MONTH = HOURS_A_MONTH * 3600;

/** A portal asks for its document every 2 s. */
const ASKS_A_MONTH = SECONDS_A_MONTH / 2;

/** A machine's service lists its prefix every 10 s or sooner (machine.py) and reports every minute. */
const LISTS_A_MONTH = SECONDS_A_MONTH / 9;
const REPORTS_A_MONTH = SECONDS_A_MONTH / 60;

/** A portal's agent says every 30 s what it has applied. */
const APPLIED_A_MONTH = SECONDS_A_MONTH / 30;

/** Image archives and documents with their older versions; those of reports go after a day. */
const IMAGES_GIB = 5;

/** What an estimate leaves out, since nobody knows it before. */
const NOT_COUNTED = [
  "traffic to the internet ($0.09 a GB) and between zones ($0.01 a GB each way: replication)",
  "disk performance above gp3's baseline",
  "tax, discounts, and anything else in the account",
] as const;

export function costsOf(deployment: Footprint): readonly Cost[] {
  const { nodes, portals, nodeType, portalType, volumeGiB } = deployment;
  const data = nodes * volumeGiB;
  const machines = nodes + portals;
  return [
    instances(nodes, nodeType, "node"),
    instances(portals, portalType, "portal"),
    { what: `${data} GiB of data volumes`, monthly: data * PRICES.gp3 },
    {
      what: `daily snapshots of them, kept 7 days`,
      monthly: data * SNAPSHOT_SHARE * PRICES.snapshot,
    },
    {
      what: `root disks (${machines} × ${ROOT_GIB} GiB)`,
      monthly: machines * ROOT_GIB * PRICES.gp3,
    },
    { what: `${portals} public IPv4 addresses`, monthly: portals * HOURS_A_MONTH * PRICES.ipv4 },
    {
      what: "questions to the bucket",
      monthly: (portals * ASKS_A_MONTH * PRICES.get + machines * LISTS_A_MONTH * PRICES.put) / 1000,
    },
    {
      what: "reports into the bucket",
      monthly: ((machines * REPORTS_A_MONTH + portals * APPLIED_A_MONTH) * PRICES.put) / 1000,
    },
  ];
}

/** What a stack has once, however many deployments are in it. */
export function sharedCosts(): readonly Cost[] {
  return [
    { what: "KMS key", monthly: PRICES.kmsKey },
    { what: "bucket", monthly: IMAGES_GIB * PRICES.bucket },
  ];
}

/** Undefined: a part of it has no price here. */
export function totalOf(costs: readonly Cost[]): number | undefined {
  return costs.reduce<number | undefined>(
    (sum, { monthly }) => (sum === undefined || monthly === undefined ? undefined : sum + monthly),
    0,
  );
}

function instances(count: number, type: string, role: string): Cost {
  const price = Object.hasOwn(PRICES.instances, type) ? PRICES.instances[type] : undefined;
  return {
    what: `${count} × ${type} (${role}${count === 1 ? "" : "s"})`,
    monthly: price === undefined ? undefined : count * HOURS_A_MONTH * price,
  };
}

/**
 * List prices in US dollars, on demand, Linux, us-east-1, without tax or discounts. They are for an order of magnitude: other regions
 * cost up to twice as much, and Amazon changes them. The pages that count are aws.amazon.com/ec2/pricing/on-demand,
 * /ebs/pricing, /vpc/pricing, /s3/pricing and /kms/pricing; these figures were compared with public tables of 2024 to June 2026, not
 * read from an account.
 */
const PRICES = {
  date: "2026-06",
  source: "on-demand list prices for us-east-1, as public tables had them",
  /** An hour. */
  instances: {
    "t4g.micro": 0.0084,
    "t4g.small": 0.0168,
    "t4g.medium": 0.0336,
    "t4g.large": 0.0672,
    "t4g.xlarge": 0.1344,
    "m7g.large": 0.0816,
    "m7g.xlarge": 0.1632,
    "m7g.2xlarge": 0.3264,
  } as Readonly<Record<string, number>>,
  /** A GiB and month. */
  gp3: 0.08,
  snapshot: 0.05,
  bucket: 0.023,
  /** An hour, used or not, since February 2024. */
  ipv4: 0.005,
  /** A thousand requests. */
  get: 0.0004,
  /** A thousand lists or puts. */
  put: 0.005,
  /** A month. */
  kmsKey: 1,
} as const;

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

/** Two significant digits: more would claim more than is known. */
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
