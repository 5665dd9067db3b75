import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { freePlace, type Stack, withStack } from "../support/cli.ts";
import { orders, previewText, up } from "./without-containers.ts";

const messageOf = (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => assert.fail("went through"),
    (error: Error) => error.message,
  );

/** Every resource of the state but the inventory, and what every run touches. */
async function stateOf(stack: Stack): Promise<string> {
  const { resources = [] } = await stack.export();
  const others = resources.filter(({ type }) => !/Inventory|Stack|pulumi:providers/.test(type));
  return JSON.stringify(others.map(({ urn, id, modified }) => `${urn} ${id} ${modified}`).sort());
}

async function urnOf(stack: Stack, wanted: string): Promise<string> {
  const { resources = [] } = await stack.export();
  return resources.find(({ type }) => type === wanted)?.urn ?? assert.fail();
}

test("a change that would wreck what is there is refused before anything is touched", async (t) => {
  const place = await freePlace("portico-inventory");
  const config = (settings: object, more: object = {}) => ({
    "portico:local": place,
    ...orders(settings),
    ...more,
  });
  await withStack({ config: config({}) }, async (stack) => {
    await up(stack);
    const before = await stateOf(stack);

    const none = { "portico:deployments": {} };
    for (const [what, settings, more, why] of [
      ["more nodes", { nodes: 5 }, {}, /deployments\.orders\.nodes: can't change from 3 to 5/],
      ["a deployment that is gone", {}, none, /deployments\.orders: is no longer in the config/],
    ] as const)
      await t.test(what, async () => {
        await stack.configure(config(settings, more));

        assert.match(await messageOf(previewText(stack)), why);
        const message = await messageOf(up(stack));
        assert.match(message, why);
        assert.doesNotMatch(message, /\.ts:\d+/);
        assert.equal(await stateOf(stack), before);
      });

    await t.test("an update of something else alone is refused all the same", async () => {
      const urn = await urnOf(stack, "portico:index:Document");
      await stack.configure(config({ nodes: 5 }));
      for (const command of [["preview"], ["up", "--yes", "--skip-preview"]]) {
        const run = stack.run(...command, ...stack.configArguments, "--target", urn);
        assert.match(await messageOf(run), /deployments\.orders\.nodes: can't change from 3 to 5/);
      }
      assert.equal(await stateOf(stack), before);
    });

    await t.test(
      "a state of an older build, which has no inventory, is protected too",
      async () => {
        await stack.configure(config({ nodes: 5 }));
        await stack.rewrite(({ resources = [], ...rest }) => ({
          ...rest,
          resources: resources.filter(({ type }) => type !== "portico:index:Inventory"),
        }));

        assert.match(
          await messageOf(up(stack)),
          /deployments\.orders\.nodes: can't change from 3 to 5/,
        );
        assert.equal(await stateOf(stack), before);
      },
    );

    await t.test("put back, all is as it was", async () => {
      await stack.configure(config({}));
      await up(stack);
      const { update, ...others } = await up(stack);
      assert.deepEqual(Object.keys(others), ["same"], `${update}`);
      assert.equal(await stateOf(stack), before);
    });

    await t.test("taken down, it still knows what its data is", async () => {
      await stack.destroy("--exclude-protected");
      await stack.configure(config({ nodes: 5 }));
      assert.match(
        await messageOf(up(stack)),
        /deployments\.orders\.nodes: can't change from 3 to 5/,
      );
      await stack.configure(config({}));
      await up(stack);
    });

    const removed = config({}, { ...none, "portico:removed": ["orders"] });
    await t.test("named as removed, it stays whole while its data is protected", async () => {
      await stack.configure(removed);
      const held = await stateOf(stack);
      for (const run of [up, previewText]) {
        assert.match(
          await messageOf(run(stack)),
          /portico:removed: names orders, but the state still protects .*PrivateKey orders/,
        );
        assert.equal(await stateOf(stack), held);
      }
    });

    await t.test("known until nothing of it is left, it comes back as it was only", async () => {
      await stack.run("state", "unprotect", "--all", "--yes");
      await stack.configure(removed);
      const held = await stateOf(stack);
      const document = await urnOf(stack, "portico:index:Document");
      // All of an update but its deletions, as if the first of them had failed.
      await stack.up("--target", await urnOf(stack, "portico:index:Inventory"));
      assert.equal(await stateOf(stack), held);

      for (const [settings, more, why] of [
        [{ nodes: 5 }, {}, /deployments\.orders\.nodes: can't change from 3 to 5/],
        [{}, none, /deployments\.orders: is no longer in the config/],
      ] as const) {
        await stack.configure(config(settings, more));
        assert.match(await messageOf(up(stack)), why);
        assert.match(await messageOf(stack.up("--target", document)), why);
      }
      await stack.configure(config({}));
      await up(stack);
    });

    await t.test("named as removed, and without its protection, a deployment goes", async () => {
      await stack.configure(removed);
      await stack.run("state", "unprotect", "--all", "--yes");
      await up(stack);

      await assert.rejects(stat(join(stack.project, ".portico", stack.name, "orders")), /ENOENT/);
      const { resources = [] } = await stack.export();
      assert.deepEqual(
        resources.filter(({ urn }) => urn.endsWith("::orders")),
        [],
      );
    });

    await t.test("then its name is free, and nobody is told that it is forgotten", async () => {
      const { update, ...others } = await up(stack);
      assert.deepEqual(Object.keys(others), ["same"], `${update}`);
      assert.equal((await up(stack, "--refresh")).update, undefined);

      await stack.configure(config({ nodes: 5 }));
      await up(stack);
    });
  });
});
