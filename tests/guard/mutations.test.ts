import assert from "node:assert/strict";
import { test } from "node:test";

import { CHANGES, config } from "../aws/changes.ts";
import { withAwsStack } from "../aws/stack.ts";
import { previewOf } from "./portico.ts";
import { tried } from "./tried.ts";

const BASES = ["entry-added", "portal-image", "node-pin", "node-ami-pin"];

test("every mutation of a real preview is refused, or it is argued why not", async (t) => {
  await withAwsStack(config(), async (stack) => {
    const check = async (name: string) => {
      const { count, passed, unargued } = await tried(await previewOf(stack, "--show-sames"));
      t.diagnostic(`${name}: ${count} mutations, ${passed} pass, each of them argued`);
      assert.ok(count > 2000, `only ${count} mutations`);
      assert.deepEqual(unargued, []);
    };
    await t.test("the first update", () => check("first update"));
    await stack.up();
    for (const { name, config: changed } of CHANGES.filter(({ name }) => BASES.includes(name)))
      await t.test(name, async () => {
        await stack.configure(changed);
        await check(name);
      });
  });
});
