import assert from "node:assert/strict";
import { test } from "node:test";

import { Store } from "../../../components/aws/store.ts";
import { declare, only } from "../declare.ts";

const { resources } = await declare(() => new Store("store", { stack: "portico-test" }));
const bucket = only(resources, "Bucket");
const key = only(resources, "Key");

test("bucket and key are protected, and stay when the stack goes", () => {
  for (const one of [bucket, key]) assert.ok(one.protect && one.retainOnDelete, one.name);
  assert.equal(key.inputs.enableKeyRotation, true);
});

test("everything in the bucket is versioned and encrypted with the stack's key", () => {
  const { versioningConfiguration } = only(resources, "BucketVersioning").inputs;
  assert.deepEqual(versioningConfiguration, { status: "Enabled" });
  const { rules } = only(resources, "BucketServerSideEncryptionConfiguration").inputs;
  assert.match(JSON.stringify(rules), /"sseAlgorithm":"aws:kms"/);
  assert.match(JSON.stringify(rules), new RegExp(`"kmsMasterKeyId":"arn:aws:kms:[^"]*${key.id}"`));
  assert.match(JSON.stringify(rules), /"bucketKeyEnabled":true/);
});

test("nobody outside the account reaches it, and nobody without TLS", () => {
  const { bucket: of, ...blocks } = only(resources, "BucketPublicAccessBlock").inputs;
  assert.equal(of, bucket.id);
  assert.deepEqual(blocks, {
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  });
  const { policy } = only(resources, "BucketPolicy").inputs;
  const { Statement } = JSON.parse(String(policy));
  assert.deepEqual(Statement[0].Condition, { Bool: { "aws:SecureTransport": "false" } });
  assert.equal(Statement[0].Effect, "Deny");
});
