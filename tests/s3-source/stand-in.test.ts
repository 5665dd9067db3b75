import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { test } from "node:test";

import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";

import { type StandIn, startStandIn } from "../support/s3/server.ts";

const KEY = { accessKeyId: "AKIASTANDIN", secretAccessKey: "stand-in" };

const client = ({ url, port }: StandIn, style: "path" | "virtual-host", key = KEY) =>
  new S3Client({
    region: "eu-central-1",
    credentials: key,
    maxAttempts: 1,
    endpoint: style === "path" ? url : `http://localhost:${port}`,
    forcePathStyle: style === "path",
    // Not every resolver knows names below `localhost`.
    requestHandler: {
      httpAgent: new Agent({
        lookup: (_, { all }, done) =>
          all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4),
      }),
    },
  });

for (const style of ["path", "virtual-host"] as const) {
  test(`the stand-in keeps, gives, lists and removes objects in ${style} style`, async (t) => {
    const it = await startStandIn({ credentials: [KEY] });
    t.after(it.close);
    const s3 = client(it, style);
    const Bucket = "orders";
    for (const name of ["a b/1", "a b/2", "a b/3", "other"])
      await s3.send(new PutObjectCommand({ Bucket, Key: name, Body: `text of ${name}` }));

    const got = await s3.send(new GetObjectCommand({ Bucket, Key: "a b/1" }));
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "a b/1" }));
    const page = { Bucket, Prefix: "a b/", MaxKeys: 2 };
    const first = await s3.send(new ListObjectsV2Command(page));
    const second = await s3.send(
      new ListObjectsV2Command({ ...page, ContinuationToken: first.NextContinuationToken }),
    );
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "a b/1" }));

    assert.equal(await got.Body?.transformToString(), "text of a b/1");
    assert.deepEqual([head.ContentLength, head.ETag], [13, got.ETag]);
    assert.deepEqual(
      [first.Contents, second.Contents].map((list) => list?.map(({ Key }) => Key)),
      [["a b/1", "a b/2"], ["a b/3"]],
    );
    assert.deepEqual([first.IsTruncated, second.IsTruncated], [true, false]);
    const again = s3.send(new GetObjectCommand({ Bucket, Key: "a b/1" }));
    await assert.rejects(again, { name: "NoSuchKey" });
    const known = new GetObjectCommand({
      Bucket,
      Key: "a b/2",
      IfNoneMatch: first.Contents?.[1]?.ETag,
    });
    await assert.rejects(s3.send(known), matchStatus(304));
    const anew = new PutObjectCommand({ Bucket, Key: "a b/2", Body: "x", IfNoneMatch: "*" });
    await assert.rejects(s3.send(anew), { name: "PreconditionFailed" });
    assert.deepEqual(
      new Set(it.requests.map(({ accessKeyId, bucket }) => `${accessKeyId} ${bucket}`)),
      new Set(["AKIASTANDIN orders"]),
    );
  });
}

const matchStatus = (status: number) => (error: { $metadata?: { httpStatusCode?: number } }) =>
  error.$metadata?.httpStatusCode === status;

test("the stand-in refuses what is signed wrongly, not at all, or without a right", async (t) => {
  const it = await startStandIn({
    credentials: [KEY],
    allows: (_, action, __, key) => action === "GetObject" && key !== "other",
  });
  t.after(it.close);
  const get = (key: typeof KEY, Key: string) =>
    client(it, "path", key).send(new GetObjectCommand({ Bucket: "orders", Key }));

  const wrong = get({ ...KEY, secretAccessKey: "guessed" }, "document");
  await assert.rejects(wrong, { name: "SignatureDoesNotMatch" });
  const unknown = get({ ...KEY, accessKeyId: "AKIANOBODY" }, "document");
  await assert.rejects(unknown, { name: "InvalidAccessKeyId" });
  await assert.rejects(get(KEY, "other"), { name: "AccessDenied" });
  // Who may not list is not told that there is nothing.
  await assert.rejects(get(KEY, "absent"), { name: "AccessDenied" });
  const plain = await fetch(`${it.url}/orders/document`);
  assert.equal(plain.status, 403);
  assert.match(await plain.text(), /<Code>AccessDenied<\/Code>/);
});

test("the instance metadata's stand-in gives credentials for a token alone, and they are good for S3", async (t) => {
  const it = await startStandIn({ role: "orders-1", paths: { "meta-data/instance-id": "i-01" } });
  t.after(it.close);
  const ask = async (path: string, headers: Record<string, string>, method = "GET") => {
    const asked = request(`${it.url}/latest/${path}`, { method, headers }).end();
    const [answer] = await once(asked, "response");
    return { status: answer.statusCode, text: (await answer.toArray()).join("") };
  };
  const roles = "meta-data/iam/security-credentials/";

  assert.equal((await ask(roles, {})).status, 401);
  const ttl = { "x-aws-ec2-metadata-token-ttl-seconds": "60" };
  const token = { "x-aws-ec2-metadata-token": (await ask("api/token", ttl, "PUT")).text };
  assert.equal((await ask(roles, token)).text, "orders-1");
  assert.equal((await ask("meta-data/instance-id", token)).text, "i-01");
  const given = JSON.parse((await ask(`${roles}orders-1`, token)).text);
  it.objects.put("orders", "document", "here");
  const s3 = client(it, "path", {
    accessKeyId: given.AccessKeyId,
    secretAccessKey: given.SecretAccessKey,
    ...{ sessionToken: given.Token },
  });
  const got = await s3.send(new GetObjectCommand({ Bucket: "orders", Key: "document" }));
  assert.equal(await got.Body?.transformToString(), "here");
  it.metadata.fault = "expired";
  const late = JSON.parse((await ask(`${roles}orders-1`, token)).text);
  assert.ok(Date.parse(late.Expiration) < Date.now());
});
