import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { test } from "node:test";

import { readIdentity } from "../../proxy-image/src/agent/identity.ts";

const SOURCE = {
  kind: "s3",
  bucket: "portico-test",
  region: "eu-central-1",
  key: "orders/document.json",
  reportKey: "reported/orders/orders-portal-1/applied.json",
};

async function identityWith(t: TestContext, source: unknown) {
  const folder = await mkdtemp(join(tmpdir(), "identity-"));
  t.after(() => rm(folder, { recursive: true }));
  const files = {
    "portal.json": JSON.stringify({ name: "orders-portal-1", source }),
    "secrets.json": JSON.stringify({ etcd: { user: "portal", password: "secret" } }),
    "ca.crt": "ca",
    "client.crt": "certificate",
    "client.key": "key",
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return readIdentity(folder);
}

test("a portal without a source reads from its file", async (t) => {
  assert.equal((await identityWith(t, undefined)).source, undefined);
});

test("a portal's source is taken as it is written", async (t) => {
  assert.deepEqual((await identityWith(t, SOURCE)).source, SOURCE);
});

for (const [name, source] of [
  ["of another kind", { ...SOURCE, kind: "gcs" }],
  ["without a bucket", { ...SOURCE, bucket: "" }],
  ["with the bucket's address", { ...SOURCE, bucket: "https://portico-test" }],
  ["without a key", { ...SOURCE, key: undefined }],
  ["without a key for reports", { ...SOURCE, reportKey: undefined }],
  ["with a key that nobody knows", { ...SOURCE, accessKeyId: "AKIA" }],
] as const) {
  test(`a source ${name} is refused`, async (t) => {
    await assert.rejects(identityWith(t, source), { name: "ZodError" });
  });
}
