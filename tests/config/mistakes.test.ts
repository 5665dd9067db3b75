import assert from "node:assert/strict";
import { test } from "node:test";
import { engines } from "../../engines/table.ts";
import { ConfigError, parseConfig } from "../../infra/config.ts";

const NOW = new Date("2026-06-01T12:00:00Z");

function problemsIn(raw: unknown): readonly string[] {
  try {
    parseConfig(raw as Readonly<Record<string, unknown>>, NOW);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems;
  }
  return [];
}

const ordersWith = (orders: object): readonly string[] =>
  problemsIn({
    target: "local",
    deployments: { orders: { engine: "postgresql", ...orders } },
  });

const admitting = (whitelist: object): readonly string[] => ordersWith({ whitelist });

const AT = "deployments.orders";

const mistakes: readonly (readonly [string, readonly string[], string])[] = [
  [
    "an unknown engine, with the ones that there are",
    ordersWith({ engine: "oracle" }),
    `${AT}.engine: must be ${engines.join(" or ")}, not "oracle"`,
  ],
  [
    "an engine by another name that it goes by",
    ordersWith({ engine: "valkey" }),
    `${AT}.engine: must be ${engines.join(" or ")}, not "valkey"; did you mean "redis"?`,
  ],
  [
    "a durability by another name, which is never taken for the weaker one",
    ordersWith({ durability: "sync" }),
    `${AT}.durability: must be quorum or async, not "sync"; did you mean "quorum"?`,
  ],
  [
    "an option that Redis doesn't have",
    ordersWith({ engine: "redis", durability: "quorum" }),
    `${AT}.durability: redis has no such option; it has user, maxLag`,
  ],
  [
    "a user's name that is too long for MySQL",
    ordersWith({ engine: "mysql", user: "a".repeat(33) }),
    `${AT}.user: mysql takes 32 characters at most`,
  ],
  [
    "a user that Redis' own cluster needs",
    ordersWith({ engine: "redis", user: "probe" }),
    `${AT}.user: "probe" is a user of the cluster itself`,
  ],
  [
    "a version that Redis can't have here",
    ordersWith({ engine: "redis", version: "7.2" }),
    `${AT}.version: "7.2" is no version that redis can have here; use 8.1`,
  ],
  [
    "an unknown key, with the nearest known one",
    ordersWith({ whitelst: {} }),
    `${AT}: unknown key "whitelst"; did you mean "whitelist"?`,
  ],
  [
    "an unknown key of an entry",
    admitting({ "203.0.113.0/24": { note: "Berlin", untill: "2027-01-31" } }),
    `${AT}.whitelist["203.0.113.0/24"]: unknown key "untill"; did you mean "until"?`,
  ],
  [
    "an unknown key beside the deployments",
    problemsIn({ target: "local", deploymnts: {} }),
    'deploymnts: unknown key "deploymnts"; did you mean "deployments"?',
  ],
  [
    "an unknown key of the local target",
    problemsIn({ target: "local", local: { first_port: 1 } }),
    'local: unknown key "first_port"; did you mean "firstPort"?',
  ],
  [
    "an unknown target",
    problemsIn({ target: "locl" }),
    'target: must be local or aws, not "locl"; did you mean "local"?',
  ],
  [
    "more nodes and portals than a deployment has ports here",
    problemsIn({
      target: "local",
      deployments: { events: { engine: "scylladb", nodes: 7, portals: 4 } },
    }),
    "deployments.events: its 7 nodes and 4 portals take 34 ports on this machine, and a deployment has 20: ask for fewer nodes or portals",
  ],
  [
    "an endpoint that a per-node engine has not",
    problemsIn({
      target: "local",
      deployments: { events: { engine: "scylladb", endpoints: ["primary"] } },
    }),
    'deployments.events.endpoints[0]: scylladb has no endpoint "primary"; it has nodes',
  ],
  [
    "an option that it has not",
    problemsIn({
      target: "local",
      deployments: { events: { engine: "scylladb", maxLag: "1MiB" } },
    }),
    "deployments.events.maxLag: scylladb has no such option; it has user",
  ],
  ["a missing target", problemsIn({}), "target: is missing: must be local or aws"],
  [
    "an even node count",
    ordersWith({ nodes: 2 }),
    `${AT}.nodes: must be odd, so that a vote can't tie`,
  ],
  ["too many portals", ordersWith({ portals: 5 }), `${AT}.portals: must be 1 to 4`],
  [
    "a number past what JavaScript counts exactly, once",
    ordersWith({ rotate: 1e20 }),
    `${AT}.rotate: must be a whole number from 0 to 1000000`,
  ],
  [
    "such a port, once",
    problemsIn({ target: "local", local: { firstPort: 1e20 } }),
    "local.firstPort: must be a port from 1024 to 65516",
  ],
  [
    "such a slot, once",
    problemsIn({ target: "local", local: { slots: { orders: 1e20 } } }),
    "local.slots.orders: must be a whole number from 0 to 239",
  ],
  [
    "host bits, with the right form",
    admitting({ "203.0.113.7/24": "Berlin" }),
    `${AT}.whitelist["203.0.113.7/24"]: has host bits set: write "203.0.113.0/24", or "203.0.113.7/32" for that address alone`,
  ],
  [
    "host bits of IPv6",
    admitting({ "2001:db8::1/32": "Berlin" }),
    `${AT}.whitelist["2001:db8::1/32"]: has host bits set: write "2001:db8::/32", or "2001:db8::1/128" for that address alone`,
  ],
  [
    "another spelling, which could be a duplicate",
    admitting({ "2001:DB8:0::/32": "Berlin" }),
    `${AT}.whitelist["2001:DB8:0::/32"]: must be written "2001:db8::/32"`,
  ],
  [
    "an address without a length",
    admitting({ "203.0.113.7": "Berlin" }),
    `${AT}.whitelist["203.0.113.7"]: needs a prefix length: write "203.0.113.7/32"`,
  ],
  [
    "what is no block at all",
    admitting({ "berlin.example": "Berlin" }),
    `${AT}.whitelist["berlin.example"]: must be a CIDR block such as "203.0.113.0/24" or "2001:db8::/32"`,
  ],
  [
    "an octal spelling, which is another address elsewhere",
    admitting({ "010.0.0.0/8": "Berlin" }),
    `${AT}.whitelist["010.0.0.0/8"]: must be a CIDR block such as "203.0.113.0/24" or "2001:db8::/32"`,
  ],
  [
    "an IPv4-mapped block, with the right form",
    admitting({ "::ffff:203.0.113.0/120": "Berlin" }),
    `${AT}.whitelist["::ffff:203.0.113.0/120"]: is an IPv4-mapped block: write "203.0.113.0/24"`,
  ],
  [
    "6to4, which stands for IPv4",
    admitting({ "2002::/16": "Berlin" }),
    `${AT}.whitelist["2002::/16"]: overlaps 2002::/16, 6to4 addresses, which stand for IPv4: list the IPv4 block instead`,
  ],
  [
    "a part of 6to4",
    admitting({ "2002:cb00:7100::/48": "Berlin" }),
    `${AT}.whitelist["2002:cb00:7100::/48"]: overlaps 2002::/16, 6to4 addresses, which stand for IPv4: list the IPv4 block instead`,
  ],
  [
    "IPv4-compatible addresses",
    admitting({ "::/96": "Berlin" }),
    `${AT}.whitelist["::/96"]: overlaps ::/96, the old IPv4-compatible addresses, which stand for IPv4: list the IPv4 block instead`,
  ],
  [
    "a block of IPv6 with all of IPv4 in it",
    admitting({ "::/64": "Berlin" }),
    `${AT}.whitelist["::/64"]: overlaps ::/96, the old IPv4-compatible addresses, which stand for IPv4: list the IPv4 block instead`,
  ],
  [
    "a date that is none",
    admitting({ "203.0.113.0/24": { note: "Berlin", until: "2027-02-30" } }),
    `${AT}.whitelist["203.0.113.0/24"].until: must be a date such as "2027-01-31" or a time such as "2027-01-31T18:00:00Z", not "2027-02-30"`,
  ],
  [
    "the whole internet without `open`",
    admitting({ "0.0.0.0/0": "everyone" }),
    `${AT}.whitelist["0.0.0.0/0"]: would let in the whole internet; if that is meant, say \`open: true\` beside the whitelist`,
  ],
  [
    "all of IPv6 without `open`",
    admitting({ "::/0": "everyone" }),
    `${AT}.whitelist["::/0"]: would let in the whole internet; if that is meant, say \`open: true\` beside the whitelist`,
  ],
  [
    "the whole internet in two halves",
    admitting({ "0.0.0.0/1": "a", "128.0.0.0/1": "b" }),
    `${AT}.whitelist: would let in all of IPv4, all entries together; if that is meant, say \`open: true\` beside the whitelist`,
  ],
  [
    "half of the internet",
    admitting({ "0.0.0.0/2": "a", "64.0.0.0/3": "b", "192.0.0.0/3": "c" }),
    `${AT}.whitelist: would let in half or more of IPv4, all entries together; if that is meant, say \`open: true\` beside the whitelist`,
  ],
  [
    "half of IPv6",
    admitting({ "8000::/1": "a" }),
    `${AT}.whitelist: would let in half or more of IPv6, all entries together; if that is meant, say \`open: true\` beside the whitelist`,
  ],
  [
    "a deployment by the name of another one's folder",
    problemsIn({
      target: "local",
      deployments: { orders: { engine: "redis" }, "orders-document": { engine: "redis" } },
    }),
    "deployments.orders-document: is the name of another deployment's folder: choose another than its own and -document",
  ],
  [
    "a list where the map by CIDR should be",
    ordersWith({ whitelist: ["203.0.113.0/24"] }),
    `${AT}.whitelist: must be a map by CIDR block, such as { "203.0.113.0/24": "Berlin office" }`,
  ],
  [
    "a hold over its cap",
    ordersWith({ hold: "3m" }),
    `${AT}.hold: must be a duration from "0s" to "120s", such as "30s", not "3m"`,
  ],
  [
    "a silence shorter than the portal can tell",
    ordersWith({ silence: "1s" }),
    `${AT}.silence: must be a duration from "4s" to "60s", such as "10s", not "1s"`,
  ],
  [
    "a number without its unit",
    ordersWith({ memory: 512 }),
    `${AT}.memory: must be a size from "256MiB" to "256GiB", such as "512MiB", not 512`,
  ],
  [
    "a user that the cluster needs itself",
    ordersWith({ user: "replicator" }),
    `${AT}.user: "replicator" is a user of the cluster itself`,
  ],
  [
    "a network that is no /24",
    ordersWith({ network: "10.90.0.0/16" }),
    `${AT}.network: must be a /24 such as "10.90.1.0/24"`,
  ],
];

for (const [what, problems, expected] of mistakes)
  test(`refused: ${what}`, () => assert.deepEqual(problems, [expected]));

for (const name of ["Orders", "o", "orders_1", "orders-", "1orders", "o".repeat(31), "órdenes"])
  test(`refused: the name ${name}`, () => {
    const [problem, ...others] = problemsIn({
      target: "local",
      deployments: { [name]: { engine: "postgresql" } },
    });
    assert.match(problem ?? "", /must be 2 to 30 lower-case letters, digits and dashes/);
    assert.deepEqual(others, []);
  });

/** As JSON makes it: a key like any other. */
const proto = (value: unknown): object => JSON.parse(`{"__proto__":${JSON.stringify(value)}}`);

test("refused: __proto__, as the name of a deployment or a key, and in a whitelist", () => {
  const at = (problems: readonly string[]) => problems.map((problem) => problem.split(": ")[0]);

  assert.deepEqual(
    at(problemsIn({ target: "local", deployments: proto({ engine: "postgresql" }) })),
    ["deployments.__proto__"],
  );
  assert.deepEqual(at(admitting(proto("Berlin"))), [`${AT}.whitelist.__proto__`]);
  assert.deepEqual(at(ordersWith({ ssh: { keys: proto("x") } })), [
    `${AT}.ssh.keys.__proto__`,
    `${AT}.ssh.keys.__proto__`,
  ]);
});

test("every mistake is said at once, each with its path", () => {
  const problems = problemsIn({
    target: "local",
    local: { range: "10.87.1.0/16", firstPort: 80 },
    deployments: {
      orders: { engine: "postgresql", nodes: 4, whitelist: { "10.0.0.1/8": "x", "::/96": "y" } },
      stock: { engine: "postgres", portals: 0 },
      cache: {
        ...{ engine: "redis", whitelst: {}, nodes: 2, memory: "1MiB", version: "6" },
        ...{ user: "probe", endpoints: ["any"], ssh: { keys: { ana: "x" } } },
      },
    },
  });

  assert.deepEqual(
    problems.map((problem) => problem.slice(0, problem.indexOf(": "))),
    [
      "local.range",
      "local.firstPort",
      "deployments.orders.nodes",
      'deployments.orders.whitelist["10.0.0.1/8"]',
      'deployments.orders.whitelist["::/96"]',
      "deployments.stock.engine",
      "deployments.stock.portals",
      "deployments.cache.nodes",
      "deployments.cache.memory",
      "deployments.cache",
      "deployments.cache.user",
      "deployments.cache.ssh.keys.ana",
      "deployments.cache.version",
      "deployments.cache.endpoints[0]",
    ],
  );
});
