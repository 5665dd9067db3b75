import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { imageArchive, imageIn } from "../../infra/provider/image-archive.ts";
import { tarOf } from "../support/machine/tar.ts";
import { startStandIn } from "../support/s3/server.ts";

const run = promisify(execFile);
const BUCKET = "portico-test";
const IMAGE = "portico-test/archive:one";

test("an image of the real Docker reaches the bucket as an archive that is named by its id", async (t) => {
  const s3 = await startStandIn({
    credentials: [{ accessKeyId: "AKIASTANDIN", secretAccessKey: "stand-in" }],
  });
  t.after(() => s3.close());
  process.env.AWS_ENDPOINT_URL_S3 = s3.url;
  process.env.AWS_ACCESS_KEY_ID = "AKIASTANDIN";
  process.env.AWS_SECRET_ACCESS_KEY = "stand-in";
  const folder = await mkdtemp(join(tmpdir(), "archive-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "Dockerfile"), "FROM scratch\nCOPY greeting /\n");
  await writeFile(join(folder, "greeting"), "hello\n");
  await run("docker", ["build", "--quiet", "--tag", IMAGE, folder]);
  t.after(() => run("docker", ["image", "rm", IMAGE]));
  const { stdout: id } = await run("docker", ["inspect", "--format", "{{.Id}}", IMAGE]);

  const { outs } = await imageArchive.create({
    ...{ image: id.trim(), bucket: BUCKET, region: "eu-central-1" },
    key: "arn:aws:kms:eu-central-1:123456789012:key/1",
  });

  // This Docker calls images by their configs.
  assert.equal(outs.imageId, id.trim());
  const key = `images/${id.trim().replace("sha256:", "")}.tar`;
  assert.deepEqual(s3.objects.keys(BUCKET), [key]);
  const path = join(folder, "fetched.tar");
  await writeFile(path, s3.objects.get(BUCKET, key)?.body ?? "");
  assert.equal(await imageIn(path), id.trim());
});

test("what is no archive of one image is refused", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "archive-"));
  t.after(() => rm(folder, { recursive: true }));
  const failsWith = async (content: Buffer | string, why: RegExp) => {
    await writeFile(join(folder, "a.tar"), content);
    await assert.rejects(imageIn(join(folder, "a.tar")), why);
  };
  await failsWith("", /Unrecognized archive format/);
  await failsWith(tarOf({ a: "" }), /has no manifest\.json/);
  await failsWith("x".repeat(2048), /checksum failure/);
  await failsWith(
    tarOf({ "manifest.json": '[{"Config":"a"},{"Config":"b"}]' }),
    /must hold one image/,
  );
  await failsWith(tarOf({ "manifest.json": '[{"Config":"a"}]' }), /has no a that can be read/);
});
