import assert from "node:assert/strict";
import { test } from "node:test";

import type { Held } from "../../infra/model/inventory.ts";
import { partsOf, stillProtected } from "../../infra/model/inventory.ts";

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
