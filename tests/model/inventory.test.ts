import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../infra/config.ts";
import type { Held, Inventory, Known } from "../../infra/model/inventory.ts";
import {
  asksForState,
  forbidden,
  inventoryOf,
  judge,
  partsOf,
  stillProtected,
} from "../../infra/model/inventory.ts";

const NOW = new Date("2026-06-01T12:00:00Z");
const DIGEST = `sha256:${"a".repeat(64)}`;

function inventory(raw: Readonly<Record<string, unknown>>): Inventory {
  const { stack, removed } = parseConfig(raw, NOW);
  return inventoryOf(stack, removed);
}

const here = (orders: object = {}, local: object = {}, more: object = {}) =>
  inventory({
    target: "local",
    local,
    deployments: { orders: { engine: "postgresql", ...orders }, cache: { engine: "redis" } },
    ...more,
  });

const onAws = (orders: object = {}, aws: object = {}) =>
  inventory({
    target: "aws",
    aws: {
      name: "shop",
      region: "eu-central-1",
      zones: ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
      ami: "ami-0123456789abcdef0",
      images: { portal: DIGEST, postgresql: DIGEST, redis: DIGEST },
      quota: { eips: 10 },
      ...aws,
    },
    deployments: { orders: { engine: "postgresql", ...orders } },
  });

const allowed: readonly (readonly [what: string, before: Inventory, after: Inventory])[] = [
  ["nothing", here(), here()],
  ["another portal", here(), here({ portals: 3 })],
  ["more memory", here(), here({ memory: "1GiB" })],
  ["less memory", here({ memory: "1GiB" }), here()],
  ["a risen generation", here(), here({ generation: 2 })],
  ["a risen rotation", here({ rotate: 1 }), here({ rotate: 2 })],
  ["another durability", here(), here({ durability: "async" })],
  ["one endpoint less", here(), here({ endpoints: ["primary"] })],
  ["SSH", here(), here({ ssh: { keys: {} } })],
  ["other ports", here(), here({}, { firstPort: 20_000 })],
  ["other times", here(), here({ hold: "5s", silence: "5s", drain: "0s", maxLag: "1GiB" })],
  [
    "a deployment beside",
    inventory({ target: "local", deployments: { orders: { engine: "postgresql" } } }),
    here({}, { slots: { orders: 0 } }),
  ],
  ["anything where nothing was", inventory({ target: "local" }), onAws()],
  ["a larger volume", onAws(), onAws({ volume: "40GiB" })],
  [
    "a removed portal that is named",
    here({ portals: 3 }),
    here({}, {}, { removed: ["orders-portal-3"] }),
  ],
  [
    "a removed deployment that is named",
    here({}, { slots: { cache: 0, orders: 1 } }),
    inventory({
      target: "local",
      local: { slots: { cache: 0 } },
      deployments: { cache: { engine: "redis" } },
      removed: ["orders"],
    }),
  ],
];

for (const [what, before, after] of allowed)
  test(`allowed: ${what}`, () => assert.deepEqual(forbidden(before, after), []));

test("a deployment with the name of what every object has is missed like any other", () => {
  const before = inventory({ target: "local", deployments: { constructor: { engine: "redis" } } });
  const after = inventory({ target: "local" });

  assert.match(String(forbidden(before, after)), /^deployments\.constructor: is no longer in the/);
  assert.deepEqual(Object.keys(judge(before, after, []).leaving), ["constructor"]);
});

const AT = "deployments.orders";
const refused: readonly (readonly [what: string, Inventory, Inventory, readonly RegExp[]])[] = [
  [
    "more nodes",
    here(),
    here({ nodes: 5 }),
    [/^deployments\.orders\.nodes: can't change from 3 to 5: .* quorum\. Put it back$/],
  ],
  [
    "fewer nodes",
    here(),
    here({ nodes: 1 }),
    [/^deployments\.orders\.nodes: can't change from 3 to 1/],
  ],
  [
    "another network",
    here(),
    here({ network: "10.90.1.0/24" }),
    [/^deployments\.orders\.network: would move orders-1 from 10\.87\.17\.11 to 10\.90\.1\.11/],
  ],
  [
    "another slot",
    here(),
    here({}, { slots: { orders: 7, cache: 0 } }),
    [/^deployments\.orders\.network: would move orders-1/],
  ],
  [
    "another range",
    here(),
    here({}, { range: "10.88.0.0/16" }),
    [
      /^local\.range: was "10\.87\.0\.0\/16"/,
      /^deployments\.orders\.network/,
      /^deployments\.cache\.network/,
    ],
  ],
  [
    "another name of the stack",
    here(),
    here({}, { name: "shop" }),
    [/^local\.name: was "portico"/],
  ],
  [
    "fewer portals",
    here({ portals: 4 }),
    here(),
    [/portals: would take away orders-portal-3/, /orders-portal-4/],
  ],
  [
    "another engine",
    here(),
    here({ engine: "redis" }),
    [/orders\.engine: was "postgresql"/, /orders\.version: /, /orders\.database: /],
  ],
  [
    "another database",
    here(),
    here({ database: "shop" }),
    [/^deployments\.orders\.database: was "orders" when orders was made/],
  ],
  ["another user", here(), here({ user: "shop" }), [/^deployments\.orders\.user: was "orders"/]],
  [
    "a lower generation",
    here({ generation: 2 }),
    here(),
    [/^deployments\.orders\.generation: was 2, and only ever rises$/],
  ],
  [
    "a lower rotation",
    here({ rotate: 2 }),
    here({ rotate: 1 }),
    [/^deployments\.orders\.rotate: was 2, and only ever rises: .* bring back a password/],
  ],
  [
    "a deployment that is gone",
    here({}, { slots: { cache: 0, orders: 1 } }),
    inventory({
      target: "local",
      local: { slots: { cache: 0 } },
      deployments: { cache: { engine: "redis" } },
    }),
    [
      /^deployments\.orders: is no longer in the config, .*Put it back: all of its data is there.*portico:removed/,
    ],
  ],
  [
    "the other target",
    here(),
    onAws(),
    [
      /^target: was "local"/,
      /^local\.name/,
      /^local\.range/,
      /orders\.network/,
      /^deployments\.cache: is no longer/,
    ],
  ],
  [
    "a smaller volume",
    onAws({ volume: "40GiB" }),
    onAws(),
    [/^deployments\.orders\.volume: is 40GiB, and a volume never shrinks$/],
  ],
  [
    "another network on AWS",
    onAws(),
    onAws({ network: "10.64.9.0/24" }),
    [/orders\.network: would move orders-1/],
  ],
  [
    "other zones",
    onAws(),
    onAws({}, { zones: ["eu-central-1b", "eu-central-1a", "eu-central-1c"] }),
    [/^aws\.zones: was /],
  ],
  [
    "another region",
    onAws(),
    onAws({}, { region: "eu-west-1", zones: ["eu-west-1a", "eu-west-1b", "eu-west-1c"] }),
    [/^aws\.region: was /, /^aws\.zones: was /],
  ],
  ["another name on AWS", onAws(), onAws({}, { name: "other" }), [/^aws\.name: was "shop"/]],
];

for (const [what, before, after, why] of refused)
  test(`refused: ${what}`, () => {
    const problems = forbidden(before, after);
    assert.equal(problems.length, why.length, problems.join("\n"));
    for (const [index, pattern] of why.entries()) assert.match(problems[index] ?? "", pattern);
  });

test("what an older build's documents tell of nodes is enough to keep them", () => {
  const { nodes, engine } = here().deployments.orders ?? assert.fail(AT);
  const known = { deployments: { orders: { engine, nodes, generation: 1 } } };

  assert.deepEqual(forbidden(known, here({ user: "shop" })), []);
  assert.match(forbidden(known, here({ nodes: 5 })).join(), /nodes: can't change from 3 to 5/);
});

const EMPTY = inventory({ target: "local", removed: ["orders", "cache"] });
const entry = here().deployments.orders ?? assert.fail(AT);
const left = [
  { urn: "urn:pulumi:local::portico::portico:local:Deployment::orders" },
  {
    urn: "urn:pulumi:local::portico::docker:index/volume:Volume::orders-1-data",
    parent: "urn:pulumi:local::portico::portico:local:Deployment::orders",
    protect: true,
  },
];
const gone: Known = { deployments: {}, leaving: { orders: entry } };

test("the state is asked for only where something goes, or is leaving", () => {
  assert.equal(asksForState(here(), here({}, {}, { removed: ["former"] })), false);
  assert.equal(asksForState(here(), EMPTY), true);
  assert.equal(
    asksForState(here({ portals: 3 }), here({}, {}, { removed: ["orders-portal-3"] })),
    true,
  );
  assert.equal(asksForState(gone, here()), true);
});

test("what is named as removed doesn't go while the state protects anything of it", () => {
  const { why } = judge(here(), EMPTY, left);
  assert.equal(why.length, 1, why.join("\n"));
  assert.match(why[0] ?? "", /^portico:removed: names orders, .* protects Volume orders-1-data,/);
});

test("what leaves is remembered until the state has nothing of it", () => {
  const bare = left.map(({ protect: _, ...rest }) => rest);
  assert.deepEqual(judge(here(), EMPTY, bare).why, []);
  assert.deepEqual(Object.keys(judge(here(), EMPTY, bare).leaving), ["orders", "cache"]);
  assert.deepEqual(judge(gone, EMPTY, bare), { why: [], leaving: { orders: entry } });
  assert.deepEqual(judge(gone, EMPTY, []), { why: [], leaving: {} });

  assert.match(judge(gone, here({ nodes: 5 }), bare).why.join(), /can't change from 3 to 5/);
  assert.deepEqual(judge(gone, here({ nodes: 5 }), []).why, []);
  assert.deepEqual(judge(gone, here(), bare), { why: [], leaving: {} });
});

const urn = (type: string, name: string) => `urn:pulumi:local::portico::${type}::${name}`;
const orders = urn("portico:local:Deployment", "orders");
const cache = urn("portico:aws:Deployment", "cache");
const portal = urn("portico:local:Deployment$portico:local:Portal", "orders-portal-2");
const address = urn("portico:aws:Deployment$portico:aws:PortalAddress", "cache-portal-1");
const data = urn("docker:index/volume:Volume", "orders-portal-2-data");
const ip = urn("aws:ec2/eip:Eip", "cache-portal-1");

const state = (protect: boolean): readonly Held[] => [
  { urn: orders, parent: urn("pulumi:pulumi:Stack", "portico-local") },
  { urn: portal, parent: orders },
  { urn: data, parent: portal, protect },
  { urn: cache },
  { urn: address, parent: cache },
  { urn: ip, parent: address, protect },
  { urn: urn("docker:index/volume:Volume", "cache-1-data"), parent: cache, protect: false },
];

test("what is named as removed and still protected is known by what it is part of", () => {
  const removed = ["orders", "orders-portal-2", "orders-portal-3", "cache-portal-1"];
  assert.deepEqual(stillProtected(removed, state(true)), {
    orders: ["Volume orders-portal-2-data"],
    "orders-portal-2": ["Volume orders-portal-2-data"],
    "cache-portal-1": ["Eip cache-portal-1"],
  });
  assert.deepEqual(stillProtected(removed, state(false)), {});
  assert.deepEqual(stillProtected(removed, []), {});
});

test("a deployment has parts as long as the state has anything of it", () => {
  assert.deepEqual(
    partsOf("orders", state(true)).map((part) => part.urn),
    [orders, portal, data],
  );
  assert.deepEqual(partsOf("order", state(true)), []);
});
