import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { documentOf } from "../../infra/model/document.ts";
import { planDeployment } from "../../infra/model/plan.ts";
import { formatDocument, parseDocument } from "../../proxy-image/src/contract.ts";
import { localStack } from "../support/local-stack.ts";

function textFor(orders: object, now = new Date("2026-06-01T12:00:00Z")): string {
  const stack = localStack({ deployments: { orders: { engine: "postgresql", ...orders } } }, now);
  const [deployment] = stack.deployments;
  assert.ok(deployment);
  return formatDocument(documentOf(deployment, planDeployment(deployment, stack.local).nodes));
}

test("the portals read what the infra writes", () => {
  const parsed = parseDocument(
    textFor({
      whitelist: {
        "2001:db8::/32": "Berlin",
        "198.51.100.7/32": { note: "CI", until: "2027-01-31" },
      },
      hold: "5s",
    }),
  );

  assert.equal(parsed.kind, "document", JSON.stringify(parsed));
  assert.deepEqual(parsed.kind === "document" && parsed.document, {
    contract: 1,
    deployment: "orders",
    engine: "postgresql",
    generation: 1,
    nodes: {
      "orders-1": { address: "10.87.16.11", port: 5432 },
      "orders-2": { address: "10.87.16.12", port: 5432 },
      "orders-3": { address: "10.87.16.13", port: 5432 },
    },
    evidence: { kind: "patroni", scope: "orders", patroni: 8008, etcd: 2379 },
    endpoints: {
      primary: { port: 5432, route: "primary" },
      replica: { port: 5433, route: "replica" },
    },
    status: 8404,
    sessions: 45,
    maxLag: 16 * 1024 * 1024,
    timing: { hold: 5, silence: 10, drain: 60 },
    fallback: "role-check",
    open: false,
    whitelist: {
      "198.51.100.7/32": { note: "CI", until: "2027-02-01T00:00:00.000Z" },
      "2001:db8::/32": "Berlin",
    },
  });
});

test("the document does not depend on the clock, so that time alone changes no resource", () => {
  const orders = { whitelist: { "198.51.100.7/32": { note: "CI", until: "2026-06-15" } } };

  assert.equal(
    textFor(orders, new Date("2026-06-01T12:00:00Z")),
    textFor(orders, new Date("2026-07-01T12:00:00Z")),
  );
});

test("the order of a whitelist's entries does not matter", () => {
  const berlin = { "203.0.113.0/24": "Berlin" };
  const ci = { "198.51.100.7/32": "CI" };

  assert.equal(
    textFor({ whitelist: { ...berlin, ...ci } }),
    textFor({ whitelist: { ...ci, ...berlin } }),
  );
});

test("an entry more is one line more", () => {
  const before = textFor({ whitelist: { "203.0.113.0/24": "Berlin", "10.0.0.0/8": "VPN" } });
  const after = textFor({
    whitelist: { "203.0.113.0/24": "Berlin", "10.0.0.0/8": "VPN", "192.0.2.0/24": "Paris" },
  });

  const known = new Set(before.split("\n"));
  assert.deepEqual(
    after.split("\n").filter((line) => !known.has(line)),
    ['    "192.0.2.0/24": "Paris",'],
  );
});

for (const [what, changes, sessions] of [
  ["one portal", { portals: 1 }, 90],
  ["four portals", { portals: 4 }, 22],
  ["nodes of 1 GiB, which take 200 connections", { memory: "1GiB" }, 95],
  ["four portals of a MySQL", { engine: "mysql", portals: 4 }, 50],
] as const) {
  test(`all portals together leave a node connections to spare: ${what}`, () => {
    const parsed = parseDocument(textFor({ whitelist: {}, ...changes }));

    assert.equal(parsed.kind === "document" && parsed.document.sessions, sessions);
  });
}

for (const [server, file, rule] of [
  [
    "PostgreSQL",
    "postgresql/node-image/steward/patroni_config.py",
    /"max_connections": 100 if node\.memory < 1024 else 200,/,
  ],
  ["MySQL", "mysql/node-image/steward/config.py", /"max-connections": 250,/],
] as const) {
  test(`the connections that the model counts on are those that a node's ${server} is given`, async () => {
    assert.match(await readFile(new URL(`../../engines/${file}`, import.meta.url), "utf8"), rule);
  });
}
