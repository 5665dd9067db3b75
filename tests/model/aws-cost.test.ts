import assert from "node:assert/strict";
import { test } from "node:test";

import { costsOf, planTable, sharedCosts, totalOf } from "../../infra/model/aws-cost.ts";
import type { Footprint } from "../../infra/model/aws-quota.ts";

const orders: Footprint = {
  ...{ name: "orders", nodes: 3, portals: 2, nodeType: "m7g.large", portalType: "t4g.small" },
  ...{ rulesAnEntry: 2, volumeGiB: 100, whitelistV4: 2, whitelistV6: 0 },
};

test("a deployment's costs by their parts", () => {
  const costs = Object.fromEntries(costsOf(orders).map(({ what, monthly }) => [what, monthly]));
  const near = (what: string, expected: number) =>
    assert.ok(Math.abs((costs[what] ?? 0) - expected) < 0.01, `${what}: ${costs[what]}`);

  near("3 × m7g.large (nodes)", 3 * 730 * 0.0816);
  near("2 × t4g.small (portals)", 2 * 730 * 0.0168);
  near("300 GiB of data volumes", 24);
  near("2 public IPv4 addresses", 7.3);
  near("questions to the bucket", 1.05 + 5 * 1.46);
  near("reports into the bucket", 5 * 0.219 + 2 * 0.438);
});

test("a type without a price makes no total up", () => {
  assert.equal(
    totalOf([...costsOf({ ...orders, nodeType: "x9.huge" }), ...sharedCosts()]),
    undefined,
  );
});

test("an instance type with the name of what every object has is without a price", () => {
  assert.equal(totalOf(costsOf({ ...orders, nodeType: "constructor" })), undefined);
});

test("the table for a person", () => {
  assert.equal(
    planTable([orders]),
    `                                   needed          quota
VPCs                               1               5
public addresses (EIP)             2               5
instances                          5               by vCPU
inbound rules of orders's portals  4 IPv4, 0 IPv6  60 each
(this stack alone: the region's default VPC and what else is there count too)

                                                 a month
orders     3 × m7g.large (nodes)                 about $180
           2 × t4g.small (portals)               about $25
           300 GiB of data volumes               about $24
           daily snapshots of them, kept 7 days  about $20
           root disks (5 × 16 GiB)               about $6
           2 public IPv4 addresses               about $7
           questions to the bucket               about $8
           reports into the bucket               about $2
the stack  KMS key                               about $1
           bucket                                below $1
together                                         about $270
An estimate, by on-demand list prices for us-east-1, as public tables had them in 2026-06; other regions differ. Not counted:
  traffic to the internet ($0.09 a GB) and between zones ($0.01 a GB each way: replication)
  disk performance above gp3's baseline
  tax, discounts, and anything else in the account`,
  );
});

test("what won't fit is in it", () => {
  const shown = planTable([{ ...orders, whitelistV6: 40 }]);
  assert.match(shown, /^Won't fit:\n {2}✗ deployments\.orders\.whitelist: its IPv6 entries/m);
});
