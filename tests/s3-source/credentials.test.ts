import assert from "node:assert/strict";
import { env } from "node:process";
import { test } from "node:test";

import { until } from "../support/until.ts";
import { portal } from "./portal.ts";

test("credentials are the role's, and those of an environment are never used", async (t) => {
  const names = { AWS_ACCESS_KEY_ID: "AKIAENVIRONMENT", AWS_SECRET_ACCESS_KEY: "secret" };
  Object.assign(env, names);
  t.after(() => {
    for (const name of Object.keys(names)) delete env[name];
  });
  const it = await portal(t);
  it.put("first");

  it.s3.metadata.fault = "down";
  await it.look();
  assert.match(
    String(it.documents.failing()?.why),
    /^the instance metadata gives no credentials: /,
  );
  assert.deepEqual(it.s3.requests, []);
  it.s3.metadata.fault = null;
  await it.look();
  const asked = it.s3.metadata.asked.length;
  await it.look();

  assert.deepEqual(it.served, ["first"]);
  assert.equal(it.s3.metadata.asked.length, asked, "credentials that last are kept");
  assert.deepEqual(
    it.s3.requests.map(({ accessKeyId }) => accessKeyId),
    ["ASIASTANDIN000000001", "ASIASTANDIN000000001"],
  );
});

test("while credentials that end soon can't be renewed, they are used as long as they are good", async (t) => {
  const it = await portal(t, { lifetime: 200 });
  it.put("first");
  await it.look();
  const asked = it.s3.metadata.asked.length;

  it.s3.metadata.fault = "down";
  it.put("second");
  await it.look();

  assert.deepEqual(it.served, ["first", "second"]);
  assert.ok(it.s3.metadata.asked.length > asked, "new ones were asked for");
});

for (const fault of ["down", "hanging"] as const) {
  test(`when credentials end and the metadata is ${fault}, the last good document stays until there are new ones`, async (t) => {
    const it = await portal(t, { lifetime: 2 });
    it.put("first");
    await it.look();
    it.s3.metadata.fault = fault;
    const failing = () => it.documents.failing()?.why;

    await until("the credentials have ended", 20_000, async () => {
      await it.look();
      return failing()?.startsWith("the instance metadata gives no credentials: ");
    });
    it.put("second");
    await it.look();
    assert.deepEqual(it.served, ["first"]);
    it.s3.metadata.fault = null;
    // A question that hangs is still waited for.
    await until("there are new ones", 20_000, async () => {
      await it.look();
      return failing() === undefined;
    });
    assert.deepEqual(it.served, ["first", "second"]);
  });
}

test("credentials that were old when they were given fail until there are new ones, and no longer", async (t) => {
  const it = await portal(t);
  it.put("first");
  it.s3.metadata.fault = "expired";

  await it.look();
  await it.look();
  assert.equal(it.documents.failing()?.why, "S3 answers 400 ExpiredToken");
  it.s3.metadata.fault = null;
  await it.look();

  assert.deepEqual(it.served, ["first"]);
  assert.equal(it.documents.failing(), null);
});

test("a role that may not read the document is told as such", async (t) => {
  const it = await portal(t, { allows: (_, action) => action === "PutObject" });
  it.put("first");

  await it.look();

  assert.equal(it.documents.failing()?.why, "S3 answers 403 AccessDenied");
  assert.deepEqual(it.served, []);
});
