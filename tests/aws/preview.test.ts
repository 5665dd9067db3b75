import assert from "node:assert/strict";
import { test } from "node:test";
import { guard, planOf, previewOf } from "../guard/portico.ts";
import type { Preview } from "../support/cli.ts";
import { awsConfig, IMAGES, NEWER, withAwsStack } from "./stack.ts";
import { changesIn, countsIn, matchesGolden } from "./summary.ts";

const OFFICE = { "203.0.113.0/24": "Berlin office", "198.51.100.7/32": "CI runner" };

const config = (orders: Readonly<Record<string, unknown>> = {}, aws = {}) =>
  awsConfig({ orders: { whitelist: OFFICE, ...orders } }, aws);

/** What a config would change in the stack as it stands. */
type Change = readonly [name: string, config: Record<string, unknown>];

const many = Object.fromEntries(
  Array.from({ length: 70 }, (_, index) => [`198.51.100.${index}/32`, `runner ${index}`]),
);

const CHANGES: readonly Change[] = [
  ["entry-added", config({ whitelist: { "192.0.2.0/24": "Paris office", ...OFFICE } })],
  ["entry-added-v6", config({ whitelist: { ...OFFICE, "2001:db8:7::/48": "Paris office" } })],
  ["entry-noted", config({ whitelist: { ...OFFICE, "198.51.100.7/32": "the other CI runner" } })],
  ["entry-removed", config({ whitelist: { "203.0.113.0/24": "Berlin office" } })],
  [
    "whitelist-reordered",
    config({ whitelist: Object.fromEntries(Object.entries(OFFICE).reverse()) }),
  ],
  ["seventy-entries", config({ whitelist: many, enforcement: "proxy" })],
  ["portal-image", config({}, { images: { ...IMAGES, portal: NEWER } })],
  ["node-pin", config({ pins: { "orders-2": { image: NEWER } } })],
  ["deployment-beside", awsConfig({ orders: { whitelist: OFFICE }, stock: { whitelist: OFFICE } })],
  ["bigger-disk", config({ volume: "40GiB" })],
  ["node-ami-pin", config({ pins: { "orders-2": { ami: "ami-0fedcba9876543210" } } })],
  ["other-ami", config({}, { ami: "ami-0fedcba9876543210" })],
];

test("a stack on AWS: what a fresh one has, and what each edit changes", async (t) => {
  await withAwsStack(config(), async (stack) => {
    await t.test("a fresh stack creates what was reviewed", async () => {
      const preview = await stack.preview();
      await matchesGolden("fresh", countsIn(preview));
      await matchesGolden("fresh-data", holdsData(preview));
    });

    await t.test("npx portico plan says what it takes and costs", async () => {
      const { stdout } = await planOf(stack);
      assert.match(stdout, /^VPCs +1 +5$/m);
      assert.match(stdout, /^public addresses \(EIP\) +2 +5$/m);
      assert.match(stdout, /^inbound rules of orders's portals +4 IPv4, 0 IPv6 +60 each$/m);
      assert.match(stdout, /^together +about \$\d+$/m);
    });

    await t.test("the guard finds nothing in a fresh stack that should not be there", async () => {
      const { stdout, exitCode } = await guard(await previewOf(stack, "--show-sames"));
      assert.equal(exitCode, 0, stdout);
    });

    const { create, ...others } = await stack.up();
    assert.ok((create ?? 0) > 100);
    assert.deepEqual(others, {});

    await t.test("a second update changes nothing", async () => {
      const { same: _, ...changes } = await stack.up();
      assert.deepEqual(changes, {});
    });

    await t.test("no key and no password is in clear where it doesn't belong", async () => {
      const text = JSON.stringify(await stack.export());
      assert.doesNotMatch(text, /PRIVATE KEY/);
      const { deployments } = (await stack.outputs()) as {
        deployments: { orders: { password: string } };
      };
      assert.ok(deployments.orders.password.length > 20);
      assert.ok(!text.includes(deployments.orders.password));
    });

    for (const [name, changed] of CHANGES)
      await t.test(`preview: ${name}`, async () => {
        await stack.configure(changed);
        const preview = await stack.preview();
        const lines = name === "deployment-beside" ? besidesCreated(preview) : changesIn(preview);
        await matchesGolden(name, lines);
      });

    await t.test("a whitelist edit is carried out in place", async () => {
      await stack.configure(config({ whitelist: { ...OFFICE, "192.0.2.0/24": "Paris office" } }));
      const { same: _, ...changes } = await stack.up();
      assert.deepEqual(changes, { create: 2, update: 2 });
    });
  });
});

/** What would take data or identity with it, by its whole URN: a move of code must not change any of these. */
function holdsData({ steps }: Preview): readonly string[] {
  return steps
    .filter(({ newState }) => newState?.protect === true)
    .map(({ urn }) => urn.split("::").slice(2).join("::"))
    .sort();
}

/** A new deployment is what it is; what counts is that nothing else is touched. */
function besidesCreated(preview: Preview): readonly string[] {
  return changesIn(preview).filter((line) => !/^create .* stock/.test(line));
}
