import assert from "node:assert/strict";
import { test } from "node:test";

import type { Footprint, Quota } from "../../infra/model/aws-quota.ts";
import { needOf, quotaProblems } from "../../infra/model/aws-quota.ts";

const orders: Footprint = {
  ...{ name: "orders", nodes: 3, portals: 2, nodeType: "t4g.large", portalType: "t4g.small" },
  ...{ rulesAnEntry: 2, volumeGiB: 100, whitelistV4: 2, whitelistV6: 1 },
};
const many = (count: number, changes: Partial<Footprint> = {}) =>
  Array.from({ length: count }, (_, index) => ({ ...orders, name: `d${index + 1}`, ...changes }));

test("what a stack needs", () => {
  assert.deepEqual(needOf([orders, { ...orders, name: "users", nodes: 1 }]), {
    vpcs: 2,
    eips: 4,
    instances: 8,
    groups: [
      { deployment: "orders", each: 2, ipv4: 4, ipv6: 2 },
      { deployment: "users", each: 2, ipv4: 4, ipv6: 2 },
    ],
  });
});

const cases: readonly {
  readonly title: string;
  readonly deployments: readonly Footprint[];
  readonly raised?: Partial<Quota>;
  readonly problems: readonly RegExp[];
}[] = [
  { title: "two deployments of two portals", deployments: many(2), problems: [] },
  {
    title: "three deployments of two portals",
    deployments: many(3),
    problems: [/^the portals need 6 public addresses, .* may have 5 .* quota\.eips: 6$/],
  },
  {
    title: "three, where the quota was raised",
    deployments: many(3),
    raised: { eips: 6 },
    problems: [],
  },
  { title: "five VPCs", deployments: many(5, { portals: 1 }), problems: [] },
  {
    title: "six VPCs",
    deployments: many(6, { portals: 1 }),
    raised: { eips: 20 },
    problems: [/^6 deployments need 6 VPCs, .* quota\.vpcs: 6$/],
  },
  {
    title: "30 entries a family",
    deployments: many(1, { whitelistV4: 30, whitelistV6: 30 }),
    problems: [],
  },
  {
    title: "31 IPv4 entries",
    deployments: many(1, { whitelistV4: 31 }),
    problems: [
      /^deployments\.d1\.whitelist: its IPv4 entries need 62 rules .* may have 60.* enforcement: proxy$/,
    ],
  },
  {
    title: "31 entries of each family",
    deployments: many(1, { whitelistV4: 31, whitelistV6: 31 }),
    problems: [/IPv4/, /IPv6/],
  },
  {
    title: "many entries, where HAProxy alone decides",
    deployments: many(1, { whitelistV4: 5000, enforcement: "proxy" }),
    problems: [],
  },
  {
    title: "100 entries, where the quota was raised",
    deployments: many(1, { whitelistV4: 100 }),
    raised: { rulesPerGroup: 200 },
    problems: [],
  },
];

for (const { title, deployments, raised, problems } of cases)
  test(`${problems.length === 0 ? "fits" : "won't fit"}: ${title}`, () => {
    const found = quotaProblems(deployments, raised);
    assert.equal(found.length, problems.length, found.join("\n"));
    for (const [index, pattern] of problems.entries()) assert.match(found[index] ?? "", pattern);
  });
