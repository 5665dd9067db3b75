import assert from "node:assert/strict";
import { test } from "node:test";
import { Portal, PortalAddress } from "../../../components/aws/portal.ts";
import { Objects } from "../../../components/aws/store.ts";
import { all, declare, only } from "../declare.ts";
import { awsStack, contextOf } from "./world.ts";

const { resources } = await declare(() => {
  const context = contextOf(awsStack());
  const objects = { "orders-document": { key: "orders/document.json", content: "{}" } };
  const document = new Objects("orders-document", { store: context.store, objects });
  return context.plan.portals.map((portal, index) => {
    const address = new PortalAddress(portal.name, { context, portal, securityGroup: "sg-1" });
    const after = context.plan.portals[index - 1]?.name;
    return new Portal(portal.name, { context, portal, address, document, after });
  });
});
const settingsOf = (portal: string) =>
  JSON.parse(String(only(resources, "BucketObjectv2", `${portal}-machine.json`).inputs.content));

test("portals are in two zones", () => {
  const subnets = all(resources, "NetworkInterface").map(({ inputs }) => inputs.subnetId);
  const zones = all(resources, "Subnet")
    .filter(({ id }) => subnets.includes(id))
    .map(({ inputs }) => inputs.availabilityZone);
  assert.deepEqual(zones.sort(), ["eu-central-1a", "eu-central-1b"]);
});

test("each has a protected address of its own on an interface that outlives its instance", () => {
  for (const { name, protect, id } of all(resources, "Eip")) {
    assert.ok(protect, name);
    const wire = only(resources, "NetworkInterface", name);
    assert.deepEqual(only(resources, "EipAssociation", name).inputs, {
      allocationId: id,
      networkInterfaceId: wire.id,
    });
    const { primaryNetworkInterface } = only(resources, "Instance", name).inputs;
    assert.equal(Object(primaryNetworkInterface).networkInterfaceId, wire.id);
    assert.equal(wire.inputs.ipv6AddressCount, 1);
  }
});

test("an address is bound once the VPC has its gateway", () => {
  for (const { after } of all(resources, "EipAssociation")) assert.ok(after.includes("orders"));
});

test("the second portal takes a new image when the first one reports that it is back", () => {
  assert.equal(settingsOf("orders-portal-1").after, undefined);
  assert.match(settingsOf("orders-portal-2").after.key, /orders-portal-1\/.*machine\.json$/);
});

test("keys and logins are marked as secret", () => {
  const secret = all(resources, "BucketObjectv2")
    .filter(({ secrets }) => secrets.includes("content"))
    .map(({ name }) => name.replace(/^orders-portal-\d-/, ""));
  assert.deepEqual([...new Set(secret)].sort(), ["client.key", "secrets.json"]);
});
