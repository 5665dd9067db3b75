import assert from "node:assert/strict";
import { test } from "node:test";

import { Machine } from "../../../components/aws/machine.ts";
import { declare, only } from "../declare.ts";
import { awsStack, contextOf } from "./world.ts";

const { resources } = await declare(() => {
  const context = contextOf(awsStack());
  const of = { context, isPortal: false, ami: "ami-0123456789abcdef0", instanceType: "t4g.small" };
  return new Machine("orders-1", { ...of, networkInterfaceId: "eni-1", finds: [context.store] });
});
const instance = only(resources, "Instance");

test("an instance gives its credentials to nobody who isn't on the machine itself", () => {
  const { httpTokens, httpPutResponseHopLimit } = Object(instance.inputs.metadataOptions);
  assert.deepEqual([httpTokens, httpPutResponseHopLimit], ["required", 1]);
});

test("its disk is encrypted, and it has no address but its interface's", () => {
  assert.equal(Object(instance.inputs.rootBlockDevice).encrypted, true);
  assert.equal(instance.inputs.associatePublicIpAddress, undefined);
  assert.deepEqual(instance.inputs.primaryNetworkInterface, { networkInterfaceId: "eni-1" });
});

test("it goes before its successor comes, since they share the interface", () => {
  assert.ok(instance.deleteBeforeReplace);
});

test("user data has the machine's name, and is no secret", () => {
  const bucket = only(resources, "Bucket").id;
  assert.equal(instance.inputs.userData, `#!/bin/sh\necho orders-1 ${bucket}`);
  assert.deepEqual(instance.secrets, []);
});

test("it starts when its settings are in a bucket that is closed", () => {
  assert.ok(instance.after.includes("bucket"), `after ${instance.after}`);
});
