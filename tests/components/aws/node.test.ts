import assert from "node:assert/strict";
import { test } from "node:test";

import { Node } from "../../../components/aws/node.ts";
import type { MachinePlan } from "../../../infra/model/aws-plan.ts";
import { NEWER } from "../../aws/stack.ts";
import { all, declare, only } from "../declare.ts";
import { awsStack, contextOf } from "./world.ts";

const AMI = "ami-0fedcba9876543210";
const pins = { "orders-2": { image: NEWER, ami: AMI, type: "m7g.large" } };
const FILES = ["node.json", "secrets.json", "ca.crt", "peer.crt", "peer.key", "server.key"];
const program = () => {
  const context = contextOf(awsStack({ pins, volume: "30GiB" }));
  const rest = {
    securityGroup: "sg-1",
    portalAddresses: ["198.51.100.7"],
    snapshots: { "portico:snapshots": "test" },
  };
  return context.plan.nodes
    .slice(0, 2)
    .map((node: MachinePlan) => new Node(node.name, { context, node, ...rest }));
};
const { resources } = await declare(program, { slow: FILES.map((file) => `orders-1-${file}`) });
const settingsOf = (node: string) =>
  JSON.parse(String(only(resources, "BucketObjectv2", `${node}-machine.json`).inputs.content));

test("data volume and interface are protected and stay; the instance is not, and may go", () => {
  for (const type of ["Volume", "NetworkInterface"])
    for (const one of all(resources, type)) assert.ok(one.protect && one.retainOnDelete, one.name);
  for (const one of all(resources, "Instance")) assert.ok(!one.protect);
});

test("the volume is encrypted, in the zone of the instance's subnet, and gets snapshots", () => {
  for (const { name, inputs } of all(resources, "Volume")) {
    assert.equal(inputs.encrypted, true);
    assert.equal(inputs.size, 30);
    assert.equal(Object(inputs.tags)["portico:snapshots"], "test");
    const node = name.replace("-data", "");
    const { subnetId } = only(resources, "NetworkInterface", node).inputs;
    const subnet = all(resources, "Subnet").find(({ id }) => id === subnetId);
    assert.equal(subnet?.inputs.availabilityZone, inputs.availabilityZone);
  }
});

test("the machine finds its volume by the serial number that EC2 gives it", () => {
  const { id } = only(resources, "Volume", "orders-1-data");
  assert.equal(settingsOf("orders-1").volume.serial, id.replace("-", ""));
});

test("a pin changes the node that it names", () => {
  const [one, two] = ["orders-1", "orders-2"].map((name) => only(resources, "Instance", name));
  assert.deepEqual([two?.inputs.ami, two?.inputs.instanceType], [AMI, "m7g.large"]);
  assert.notEqual(one?.inputs.ami, AMI);
  assert.equal(settingsOf("orders-2").image, NEWER);
  assert.notEqual(settingsOf("orders-1").image, NEWER);
});

test("keys and passwords are marked as secret, and nothing else need be", () => {
  const secret = all(resources, "BucketObjectv2")
    .filter(({ secrets }) => secrets.includes("content"))
    .map(({ name }) => name.replace(/^orders-\d-/, ""));
  assert.deepEqual([...new Set(secret)].sort(), ["peer.key", "secrets.json", "server.key"]);
});

test("what tells a machine to begin comes after all that it then reads", () => {
  const names = resources.map(({ name }) => name);
  const begins = names.indexOf("orders-1-machine.json");
  for (const file of FILES) assert.ok(names.indexOf(`orders-1-${file}`) < begins, file);
  const instance = resources.indexOf(only(resources, "Instance", "orders-1"));
  assert.ok(begins < instance);
});
