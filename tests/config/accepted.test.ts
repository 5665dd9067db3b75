import assert from "node:assert/strict";
import { test } from "node:test";

import { parseConfig } from "../../infra/config.ts";

const NOW = new Date("2026-06-01T12:00:00Z");

function read(orders: object) {
  const { stack, warnings } = parseConfig(
    { target: "local", deployments: { orders: { engine: "postgresql", ...orders } } },
    NOW,
  );
  const [deployment] = stack.deployments;
  assert.ok(deployment);
  return { deployment, warnings };
}

test("an engine and a whitelist are a whole deployment", () => {
  const { deployment, warnings } = read({ whitelist: { "203.0.113.0/24": "Berlin office" } });

  assert.deepEqual(deployment, {
    name: "orders",
    engine: "postgresql",
    version: "17",
    endpoints: ["primary", "replica"],
    slot: 0,
    network: undefined,
    nodes: 3,
    portals: 2,
    memory: 512,
    durability: "quorum",
    database: "orders",
    user: "orders",
    generation: 1,
    timing: { hold: 30, silence: 10, drain: 60 },
    maxLag: 16 * 1024 * 1024,
    fallback: "role-check",
    open: false,
    whitelist: [{ cidr: "203.0.113.0/24", note: "Berlin office" }],
  });
  assert.deepEqual(warnings, []);
});

for (const [written, until] of [
  ["2027-01-31", "2027-02-01T00:00:00.000Z"],
  ["2027-12-31", "2028-01-01T00:00:00.000Z"],
  ["2027-01-31 00:00:00 +0000 UTC", "2027-02-01T00:00:00.000Z"],
  ["2027-01-31T18:30:00Z", "2027-01-31T18:30:00.000Z"],
  ["2027-01-31T18:30:00+02:00", "2027-01-31T16:30:00.000Z"],
  ["2027-01-31 18:30:00 +0000 UTC", "2027-01-31T18:30:00.000Z"],
  ["2027-01-31 18:30:00 +0200 CEST", "2027-01-31T16:30:00.000Z"],
])
  test(`until ${written} is over at ${until}`, () => {
    const { deployment } = read({
      whitelist: { "198.51.100.7/32": { note: "CI", until: written } },
    });

    assert.deepEqual(deployment.whitelist, [{ cidr: "198.51.100.7/32", note: "CI", until }]);
  });

for (const [written, note] of [
  [42, "42"],
  [true, "true"],
  [null, ""],
] as const)
  test(`a note that the CLI took for ${JSON.stringify(written)} is text again`, () => {
    const { deployment } = read({ whitelist: { "203.0.113.0/24": written } });

    assert.deepEqual(deployment.whitelist, [{ cidr: "203.0.113.0/24", note }]);
  });

test("an entry that is over is no mistake, but said", () => {
  const { deployment, warnings } = read({
    whitelist: { "198.51.100.7/32": { note: "CI", until: "2026-05-31" } },
  });

  assert.deepEqual(warnings, [
    'deployments.orders.whitelist["198.51.100.7/32"]: was over at 2026-06-01T00:00:00.000Z, so it lets nobody in; remove it',
  ]);
  assert.equal(deployment.whitelist.length, 1, "the document must not depend on the clock");
});

test("an entry lets in until the end of its last day", () => {
  const { warnings } = read({
    whitelist: { "198.51.100.7/32": { note: "CI", until: "2026-06-01" } },
  });

  assert.deepEqual(warnings, []);
});

test("an empty whitelist means nobody, and says so", () => {
  for (const orders of [{}, { whitelist: {} }, { whitelist: null }]) {
    const { deployment, warnings } = read(orders);
    assert.deepEqual(deployment.whitelist, []);
    assert.equal(deployment.open, false);
    assert.match(
      warnings.join(),
      /^deployments\.orders\.whitelist: is empty, so nobody can connect/,
    );
  }
});

test("an entry within another is named", () => {
  const { warnings } = read({
    whitelist: { "10.0.0.0/8": "all", "10.1.0.0/16": "one", "2001:db8::/32": "v6" },
  });

  assert.deepEqual(warnings, [
    'deployments.orders.whitelist["10.1.0.0/16"]: is contained in 10.0.0.0/8, so removing it alone would shut nobody out',
  ]);
});

test("the whole internet needs `open`, and is said aloud", () => {
  const { deployment, warnings } = read({ open: true, whitelist: { "0.0.0.0/0": "everyone" } });

  assert.equal(deployment.open, true);
  assert.deepEqual(warnings, [
    "deployments.orders.open: is true, so anybody on the internet may connect",
  ]);
});

test("what stands in for an engine on AWS is said", () => {
  const images = { portal: `sha256:${"a".repeat(64)}`, mongodb: `sha256:${"b".repeat(64)}` };
  const { warnings } = parseConfig(
    {
      target: "aws",
      aws: {
        name: "shop",
        region: "eu-central-1",
        zones: ["a", "b", "c"].map((zone) => `eu-central-1${zone}`),
        ami: "ami-0123456789abcdef0",
        images,
      },
      deployments: { carts: { engine: "mongodb", whitelist: { "203.0.113.0/24": "Berlin" } } },
    },
    NOW,
  );

  assert.match(
    warnings.join(),
    /^deployments\.carts\.engine: is mongodb, which a program of our own .* stands in for/,
  );
});

test("100,000 entries are read in seconds, not hours", () => {
  const whitelist = Object.fromEntries(
    Array.from({ length: 100_000 }, (_, index) => [
      `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}/32`,
      "somebody",
    ]),
  );
  const start = performance.now();

  const { deployment } = read({ whitelist });

  assert.equal(deployment.whitelist.length, 100_000);
  assert.ok(performance.now() - start < 60_000, `${performance.now() - start} ms`);
});
