import assert from "node:assert/strict";
import { test } from "node:test";

import { ConfigError, parseConfig } from "../../infra/config.ts";
import { localStack } from "../support/local-stack.ts";

const POSTGRESQL = { engine: "postgresql" };

function problemsIn(local: object, deployments: object): readonly string[] {
  try {
    parseConfig({ target: "local", local, deployments }, new Date("2026-06-01T12:00:00Z"));
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems;
  }
  return [];
}

test("a network of one deployment over that of another is refused", () => {
  assert.deepEqual(
    problemsIn({}, { orders: POSTGRESQL, stock: { ...POSTGRESQL, network: "10.87.16.0/24" } }),
    ["deployments.stock: its network 10.87.16.0/24 overlaps 10.87.16.0/24 of orders"],
  );
});

test("a network over the portals' is refused", () => {
  assert.deepEqual(problemsIn({}, { orders: { ...POSTGRESQL, network: "10.87.3.0/24" } }), [
    "deployments.orders: its network 10.87.3.0/24 overlaps 10.87.0.0/20 of the network that all portals share",
  ]);
});

test("a network of its own outside the range is fine", () => {
  assert.deepEqual(problemsIn({}, { orders: { ...POSTGRESQL, network: "192.168.7.0/24" } }), []);
});

test("two deployments in one slot are refused", () => {
  assert.deepEqual(
    problemsIn(
      { slots: { orders: 3, stock: 3 } },
      { orders: POSTGRESQL, stock: { ...POSTGRESQL, network: "192.168.7.0/24" } },
    ),
    ["local.slots.stock: slot 3 is taken by orders"],
  );
});

test("a deployment named like a portal of another is refused", () => {
  const problems = problemsIn({}, { orders: POSTGRESQL, "orders-portal": POSTGRESQL });

  assert.ok(
    problems.includes(
      'deployments.orders-portal: its Docker name "portico-orders-portal-1" is also one of orders',
    ),
    problems.join("\n"),
  );
});

test("a deployment named like the portals' network is refused", () => {
  assert.deepEqual(problemsIn({}, { public: POSTGRESQL }).slice(0, 1), [
    "deployments.public: is the name of the network that all portals share",
  ]);
});

test("names that are too long together are refused, though each is short enough", () => {
  const problems = problemsIn({ name: "p".repeat(30) }, { ["o".repeat(30)]: POSTGRESQL });

  assert.match(
    problems[0] ?? "",
    /its Docker name "p{30}-o{30}-1-data" has 68 characters: 63 at most/,
  );
});

test("ports past the last one are refused", () => {
  assert.deepEqual(
    problemsIn({ firstPort: 65_500, slots: { orders: 2 } }, { orders: POSTGRESQL }),
    ["deployments.orders: its ports would go up to 65559: choose a lower local.firstPort or slot"],
  );
});

test("a deployment keeps its slot when others come and go", () => {
  const slots = { stock: 1 };
  const stack = localStack({
    local: { slots },
    deployments: { archive: POSTGRESQL, orders: POSTGRESQL, stock: POSTGRESQL },
  });

  assert.deepEqual(
    stack.deployments.map(({ name, slot }) => [name, slot]),
    [
      ["archive", 0],
      ["orders", 2],
      ["stock", 1],
    ],
  );
});
