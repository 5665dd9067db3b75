import type { Footprint } from "./footprint.ts";
import { ROOT_GIB } from "./footprint.ts";
import { HOURS_A_MONTH, PRICES } from "./prices.ts";

/** One line of an estimate. Undefined: there is no price for it here. */
export interface Cost {
  readonly what: string;
  /** US dollars a month. */
  readonly monthly: number | undefined;
}

/** Snapshots are incremental: a first whole copy, and what a week changes. */
const SNAPSHOT_SHARE = 1.3;

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
export const NOT_COUNTED = [
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
