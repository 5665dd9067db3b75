import assert from "node:assert/strict";
import { test } from "node:test";

import { guard, previewOf } from "../guard/portico.ts";
import { orders } from "./orders.ts";

test("an image that changes under all nodes and portals at once is refused", async () => {
  const { stack, config } = orders;
  const all = config();
  const place = all["portico:local"] as object;
  try {
    await stack.configure({ ...all, "portico:local": { ...place, base: "debian:another" } });

    const { exitCode, stdout } = await guard(await previewOf(stack));

    assert.equal(exitCode, 1, stdout);
    assert.match(stdout, /✗ orders: orders-1, orders-2 and orders-3 would be replaced .*\(image\)/);
    assert.match(stdout, /✗ orders: orders-portal-1 and orders-portal-2 would be replaced/);
    assert.match(stdout, /^orders: 5 to replace$/m);
  } finally {
    await stack.configure(config());
  }
});

test("a deployment with data on its volumes can't be removed, though the config names it as removed", async () => {
  const { stack, config } = orders;
  try {
    await stack.configure({
      ...config(),
      "portico:deployments": {},
      "portico:removed": ["orders"],
    });

    const { exitCode, stdout } = await guard(await previewOf(stack));

    assert.equal(exitCode, 2, stdout);
    assert.match(stdout, /the state still protects .*Volume orders-1-data/);
  } finally {
    await stack.configure(config());
  }
});
