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

/** Of engines that have a node's image there. */
function readOnAws(deployments: Readonly<Record<string, { engine: string; whitelist: object }>>) {
  const node = `sha256:${"b".repeat(64)}`;
  const images = Object.values(deployments).map(({ engine }) => [engine, node]);
  return parseConfig(
    {
      target: "aws",
      aws: {
        name: "shop",
        region: "eu-central-1",
        zones: ["a", "b", "c"].map((zone) => `eu-central-1${zone}`),
        ami: "ami-0123456789abcdef0",
        images: { portal: `sha256:${"a".repeat(64)}`, ...Object.fromEntries(images) },
      },
      deployments,
    },
    NOW,
  );
}

test("a deployment may have the name of what every object has", () => {
  const deployments = { constructor: { engine: "postgresql" }, "to-string": { engine: "redis" } };
  const { stack } = parseConfig({ target: "local", deployments }, NOW);

  assert.deepEqual(
    stack.deployments.map((one) => "slot" in one && one.slot),
    [0, 1],
  );
});

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
    rotate: 0,
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
  ["2027-01-31T18:30:00Z", "2027-01-31T18:30:00.000Z"],
  ["2027-01-31T18:30:00+02:00", "2027-01-31T16:30:00.000Z"],
  ["2027-01-31 18:30:00 +0000 UTC", "2027-01-31T18:30:00.000Z"],
  ["2027-01-31 18:30:00 +0200 CEST", "2027-01-31T16:30:00.000Z"],
  ["2027-01-31 00:00:00 +0100 CET", "2027-01-30T23:00:00.000Z"],
  ["2027-01-31 00:00:00 -1130 -1130", "2027-01-31T11:30:00.000Z"],
])
  test(`until ${written} is over at ${until}`, () => {
    const { deployment } = read({
      whitelist: { "198.51.100.7/32": { note: "CI", until: written } },
    });

    assert.deepEqual(deployment.whitelist, [{ cidr: "198.51.100.7/32", note: "CI", until }]);
  });

test("no note at all is an empty one", () => {
  for (const written of [null, "", { note: null }, {}]) {
    const { deployment } = read({ whitelist: { "203.0.113.0/24": written } });

    assert.deepEqual(deployment.whitelist, [{ cidr: "203.0.113.0/24", note: "" }]);
  }
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
  const { warnings } = readOnAws({
    carts: { engine: "scylladb", whitelist: { "203.0.113.0/24": "Berlin" } },
  });

  assert.match(
    warnings.join(),
    /^deployments\.carts\.engine: is scylladb, which Apache Cassandra 5\.0 stands in for/,
  );
});

test("a whitelist that is wider than any one organisation is named, family by family", () => {
  const wide = (whitelist: readonly string[], more: object = {}) =>
    read({ whitelist: Object.fromEntries(whitelist.map((cidr) => [cidr, "x"])), ...more }).warnings;
  const at = "deployments.orders.whitelist: lets in";

  assert.deepEqual(wide(["12.0.0.0/8", "2001:d000::/20"]), []);
  assert.deepEqual(wide(["12.0.0.0/7"]), [
    `${at} 0.78 % of IPv4, more than a /8, all entries together`,
  ]);
  assert.deepEqual(wide(["12.0.0.0/8", "203.0.113.7/32"]), [
    `${at} 0.39 % of IPv4, more than a /8, all entries together`,
  ]);
  assert.deepEqual(wide(["2001:c000::/19"]), [
    `${at} 0.00019 % of IPv6, more than a /20, all entries together`,
  ]);
  assert.deepEqual(wide(["0.0.0.0/1", "128.0.0.0/1"], { open: true }), [
    "deployments.orders.open: is true, so anybody on the internet may connect",
  ]);
});

test("private sources on AWS are said to match nobody", () => {
  const sources = ["10.0.0.0/8", "192.168.7.0/24", "fd00::/8", "100.64.1.1/32", "203.0.113.0/24"];
  const whitelist = Object.fromEntries(sources.map((cidr) => [cidr, "x"]));
  const { warnings } = readOnAws({ orders: { engine: "postgresql", whitelist } });

  const named = warnings.filter((warning) => warning.includes("matches nobody"));
  assert.deepEqual(
    named.map((warning) => warning.split('"')[1]),
    sources.slice(0, 4),
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
