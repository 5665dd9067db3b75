import assert from "node:assert/strict";
import { test } from "node:test";

import { Snapshots } from "../../../components/aws/snapshots.ts";
import { declare, only } from "../declare.ts";

test("volumes with the stack's tag get daily snapshots, kept for seven days", async () => {
  const { built, resources } = await declare(() => new Snapshots("snapshots", { stack: "orders" }));
  const { inputs } = only(resources, "LifecyclePolicy");
  const details = JSON.stringify(inputs.policyDetails);
  assert.match(details, /"resourceTypes":\["VOLUME"\]/);
  assert.match(details, /"retainRule":\{"count":7\}/);
  assert.match(details, /"interval":24,"intervalUnit":"HOURS"/);
  assert.deepEqual(Object(inputs.policyDetails).targetTags, built.tag);
  assert.equal(inputs.state, "ENABLED");
});
