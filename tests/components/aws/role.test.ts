import assert from "node:assert/strict";
import { test } from "node:test";

import { Role } from "../../../components/aws/machine.ts";
import { declare, only } from "../declare.ts";
import { awsStack, contextOf } from "./world.ts";

const { resources } = await declare(() => {
  const context = contextOf(awsStack());
  return [
    new Role("orders-1", { context, isPortal: false }),
    new Role("orders-portal-2", { context, isPortal: true, after: "orders-portal-1" }),
  ];
});
const bucketArn = `arn:aws:s3:::${only(resources, "Bucket").id}`;

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
}

/** What a machine may do to which keys of the bucket. */
function may(machine: string, action: string): readonly string[] {
  const { policy } = only(resources, "RolePolicy", machine).inputs;
  const statements: readonly Statement[] = JSON.parse(String(policy)).Statement;
  return statements
    .filter(({ Action }) => [Action].flat().includes(action))
    .flatMap(({ Resource }) => [Resource].flat())
    .map((arn) => arn.replace(`${bucketArn}/`, ""));
}

test("a node reads its own prefix and what all machines share, and no other machine's", () => {
  const reads = may("orders-1", "s3:GetObject");
  assert.ok(reads.includes("orders/orders-1/files/*"));
  for (const key of reads)
    assert.match(key, /^(orders\/orders-1\/|images\/|machine\/)/, `${key} is not its own`);
});

test("a portal reads the document, and whether its twin is back", () => {
  const reads = may("orders-portal-2", "s3:GetObject");
  assert.ok(reads.includes("orders/document.json"));
  assert.equal(reads.filter((key) => key.includes("orders-portal-1")).length, 1);
  assert.ok(!reads.some((key) => /orders-\d/.test(key)), "a node's keys are not a portal's");
});

test("a machine writes its own reports and nothing else", () => {
  for (const machine of ["orders-1", "orders-portal-2"])
    assert.deepEqual(
      may(machine, "s3:PutObject").map((key) => /reported/.test(key) && key.includes(machine)),
      [true],
    );
});

test("only EC2 may take a role on", () => {
  const { assumeRolePolicy } = only(resources, "Role", "orders-1").inputs;
  assert.match(String(assumeRolePolicy), /"Service":"ec2\.amazonaws\.com"/);
  assert.doesNotMatch(String(assumeRolePolicy), /"AWS"|"\*"/);
});
