import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { blockOf, contains, overlaps } from "../../infra/model/block.ts";
import type { LocalPlan } from "../../infra/model/plan.ts";
import { planDeployment, planPublicNetwork } from "../../infra/model/plan.ts";
import type { LocalStack } from "../../infra/model/stack.ts";
import { localStack } from "../support/local-stack.ts";

function planned(local: object, deployments: Readonly<Record<string, object>>) {
  const stack = localStack({ local, deployments });
  return { stack, plans: stack.deployments.map((one) => planDeployment(one, stack.local)) };
}

const anyStack = fc.record({
  second: fc.integer({ min: 0, max: 255 }),
  deployments: fc.dictionary(
    fc.stringMatching(/^[a-z][a-z0-9]{2,12}$/),
    fc.record({
      engine: fc.constant("postgresql"),
      nodes: fc.constantFrom(1, 3, 5, 7),
      portals: fc.integer({ min: 1, max: 4 }),
    }),
    { minKeys: 1, maxKeys: 20 },
  ),
});

const everyPlan = (check: (plans: readonly LocalPlan[], stack: LocalStack) => void): void =>
  fc.assert(
    fc.property(anyStack, ({ second, deployments }) => {
      fc.pre(!("public" in deployments) && !("postgres" in deployments));
      const { plans, stack } = planned({ range: `10.${second}.0.0/16` }, deployments);
      check(plans, stack);
    }),
  );

test("the first deployment is where the documentation says", () => {
  const { plans, stack } = planned({}, { orders: { engine: "postgresql", nodes: 1 } });

  assert.deepEqual(planPublicNetwork(stack.local), {
    name: "portico-public",
    cidr: "10.87.0.0/20",
    gateway: "10.87.0.1",
  });
  assert.deepEqual(plans, [
    {
      prefix: "portico-orders",
      network: { name: "portico-orders", cidr: "10.87.16.0/24", gateway: "10.87.16.1" },
      nodes: [
        {
          name: "orders-1",
          container: "portico-orders-1",
          volume: "portico-orders-1-data",
          address: "10.87.16.11",
        },
      ],
      portals: [
        {
          name: "orders-portal-1",
          container: "portico-orders-portal-1",
          volume: "portico-orders-portal-1-state",
          address: "10.87.16.4",
          publicAddress: "10.87.0.8",
          ports: {
            primary: { internal: 5432, host: 15432 },
            replica: { internal: 5433, host: 15434 },
            status: { internal: 8404, host: 15436 },
          },
        },
        {
          name: "orders-portal-2",
          container: "portico-orders-portal-2",
          volume: "portico-orders-portal-2-state",
          address: "10.87.16.5",
          publicAddress: "10.87.0.9",
          ports: {
            primary: { internal: 5432, host: 15433 },
            replica: { internal: 5433, host: 15435 },
            status: { internal: 8404, host: 15437 },
          },
        },
      ],
    },
  ]);
});

test("no two networks of a stack overlap, and all lie in its range", () => {
  everyPlan((plans, { local }) => {
    const blocks = [planPublicNetwork(local), ...plans.map(({ network }) => network)].map(
      ({ cidr }) => blockOf(cidr),
    );
    blocks.forEach((block, index) => {
      assert.ok(contains(blockOf(local.range), block));
      for (const other of blocks.slice(index + 1)) assert.ok(!overlaps(block, other));
    });
  });
});

test("every address lies in its network and is given out once", () => {
  everyPlan((plans, { local }) => {
    const shared = planPublicNetwork(local);
    const used = [shared, ...plans.map(({ network }) => network)].map(({ gateway }) => gateway);
    for (const { network, nodes, portals } of plans) {
      const inside = [...nodes, ...portals].map(({ address }) => address);
      const outside = portals.map(({ publicAddress }) => publicAddress);
      for (const address of inside)
        assert.ok(contains(blockOf(network.cidr), blockOf(`${address}/32`)));
      for (const address of outside)
        assert.ok(contains(blockOf(shared.cidr), blockOf(`${address}/32`)));
      used.push(...inside, ...outside);
    }
    assert.equal(new Set(used).size, used.length);
  });
});

test("every port on this machine is given out once", () => {
  everyPlan((plans) => {
    const ports = plans.flatMap(({ portals }) =>
      portals.flatMap((portal) => Object.values(portal.ports).map(({ host }) => host)),
    );
    assert.equal(new Set(ports).size, ports.length);
  });
});

test("no two things have one Docker name", () => {
  everyPlan((plans, { local }) => {
    const containers = plans.flatMap(({ nodes, portals }) =>
      [...nodes, ...portals].map(({ container }) => container),
    );
    const networks = [planPublicNetwork(local).name, ...plans.map(({ network }) => network.name)];
    assert.equal(new Set(containers).size, containers.length);
    assert.equal(new Set(networks).size, networks.length);
  });
});

test("no port of a portal moves when another portal comes or goes", () => {
  for (const engine of [
    "postgresql",
    "redis",
    "rabbitmq",
    "elasticsearch",
    "scylladb",
    "mongodb",
  ]) {
    const plansOf = (portals: number) =>
      planned({}, { orders: { engine, portals } }).plans.flatMap((plan) => plan.portals);
    const most = engine === "mongodb" ? 3 : 4;
    const all = plansOf(most);
    for (let portals = 1; portals < most; portals++)
      assert.deepEqual(plansOf(portals), all.slice(0, portals), `${engine} ${portals}`);
  }
});

test("SSH gets a port after all others, and moves none of them", () => {
  const orders = { engine: "postgresql", portals: 4 };
  const portsOf = (more: object) =>
    planned({}, { orders: { ...orders, ...more } }).plans.flatMap(({ portals }) =>
      portals.map(({ ports }) => ports),
    );
  const [without, withSsh] = [portsOf({}), portsOf({ ssh: { keys: {} } })];

  assert.deepEqual(
    withSsh.map(({ ssh, ...others }) => others),
    without,
  );
  assert.deepEqual(
    withSsh.map(({ ssh }) => ssh),
    [6, 7, 19, 15].map((offset) => ({ internal: 2222, host: 15432 + offset })),
  );
});
