import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { orders, up, WITHOUT_CONTAINERS } from "../pulumi/without-containers.ts";
import { freePlace, withStack } from "../support/cli.ts";
import { guard, previewOf } from "./portico.ts";

const BERLIN = { "203.0.113.0/24": "Berlin office" };

test("previews of a stack by the real CLI", async (t) => {
  const place = { "portico:local": await freePlace("portico-guard") };
  await withStack({ config: { ...place, ...orders({ whitelist: BERLIN }) } }, async (stack) => {
    const preview = (...options: string[]) => previewOf(stack, ...WITHOUT_CONTAINERS, ...options);

    await t.test("a fresh stack is fine, with everything that must hold", async () => {
      const { exitCode, stdout } = await guard(await previewOf(stack));

      assert.equal(exitCode, 0, stdout);
      assert.match(stdout, /^\+ 203\.0\.113\.0\/24 Berlin office → orders$/m);
      assert.match(stdout, /^orders: \d+ to create$/m);
    });

    await up(stack);

    await t.test("a second look shows nothing to do, and no secret", async () => {
      const { exitCode, stdout } = await guard(await preview("--show-sames"));

      assert.equal(exitCode, 0, stdout);
      assert.equal(stdout, "No resource changes.\nNothing is refused.");
    });

    await t.test("what was changed behind the stack's back is counted as a change", async () => {
      const file = join(stack.project, ".portico", stack.name, "orders/ca.pem");
      const good = await readFile(file, "utf8");
      await writeFile(file, "tampered");

      const { exitCode, stdout } = await guard(await preview("--refresh", "--show-sames"));

      assert.equal(exitCode, 0, stdout);
      assert.equal(stdout, "orders: 1 to change\nNothing is refused.");
      await writeFile(file, good);
    });

    await t.test("an edit of the whitelist is fine, and is all that there is", async () => {
      const whitelist = { "198.51.100.7/32": { note: "CI runner", until: "2027-01-31" } };
      await stack.configure({ ...place, ...orders({ whitelist }) });

      for (const options of [[], ["--show-sames"]]) {
        const { exitCode, stdout } = await guard(await preview(...options), "--whitelist-only");

        assert.equal(exitCode, 0, stdout);
        assert.equal(
          stdout,
          `+ 198.51.100.7/32 CI runner until 2027-02-01T00:00:00.000Z → orders
- 203.0.113.0/24 Berlin office → orders
orders: 1 to change
Nothing is refused.`,
        );
      }
    });

    await t.test("another change beside it is not", async () => {
      await stack.configure({ ...place, ...orders({ whitelist: {}, hold: "10s" }) });

      const { exitCode, stdout } = await guard(await preview(), "--whitelist-only");

      assert.equal(exitCode, 1, stdout);
      assert.match(stdout, /✗ The document of orders would change in timing, not in its whitelist/);
    });

    await t.test("a whitelist that opens is refused", async () => {
      await stack.configure({ ...place, ...orders({ whitelist: {}, open: true }) });

      const { exitCode, stdout } = await guard(await preview());

      assert.equal(exitCode, 1, stdout);
      assert.match(stdout, /✗ orders would be open to the whole internet/);
    });

    await t.test("a deployment that is removed is refused for what would be lost", async () => {
      const gone = { ...place, "portico:target": "local", "portico:deployments": {} };
      await stack.configure(gone);
      const withoutReasons = await guard(await preview());
      assert.equal(withoutReasons.exitCode, 2, withoutReasons.stdout);
      assert.match(withoutReasons.stdout, /deployments\.orders: is no longer in the config/);
      await stack.configure({ ...gone, "portico:removed": ["orders"] });
      const held = await guard(await preview());
      assert.equal(held.exitCode, 2, held.stdout);
      assert.match(held.stdout, /^Can't be judged: .*the state still protects PrivateKey orders/);
      await stack.run("state", "unprotect", "--all", "--yes");

      const { exitCode, stdout } = await guard(await preview());

      assert.equal(exitCode, 1, stdout);
      assert.match(stdout, /✗ PrivateKey orders would be deleted/);
    });

    await t.test("a mistake in the config can't be judged, and is said", async () => {
      await stack.configure({ ...place, ...orders({ whitelist: BERLIN, nodes: 2 }) });

      const { exitCode, stdout } = await guard(await preview());

      assert.equal(exitCode, 2, stdout);
      assert.match(stdout, /^Can't be judged: .*deployments\.orders\.nodes: must be odd/);
    });
  });
});
