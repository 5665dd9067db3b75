import assert from "node:assert/strict";
import { test } from "node:test";

import { isFilledIn } from "../../tools/guard/filled-in.ts";

test("what is leaving is the inventory's own addition, and nobody else's", () => {
  const leaving = { orders: { engine: "postgresql" } };
  const of = (type: string) => ({ type, name: "inventory", region: undefined, tags: {} });

  assert.equal(isFilledIn("leaving", { leaving }, of("portico:index:Inventory")), true);
  assert.equal(isFilledIn("leaving", { leaving }, of("portico:index:Document")), false);
});
