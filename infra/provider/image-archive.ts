// An image as an archive in the bucket, and how the image's id is read from such an archive.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";

import { z } from "zod";

import { keys } from "../model/aws-bucket.ts";
import type { Kind, Props } from "./kind.ts";

const run = promisify(execFile);

/** Some hundred MB, on a slow line. */
const MINUTES = 30;

/**
 * An image of this machine's Docker as an archive in a bucket, named by its id. Its properties are `image` (by digest), `bucket`,
 * `region` and `key` (the ARN of the bucket's KMS key); `id` of the image comes back as `imageId`. An archive that is superseded stays:
 * a machine may still be on it.
 */
export const imageArchive: Kind = {
  diff: (olds, news) => ({
    changes: ["image", "bucket", "region", "key"].some((name) => olds[name] !== news[name]),
    replaces: [],
  }),
  create: async (props) => {
    const outs = await archive(props);
    return { id: String(props.image).split("@")[0] ?? "", outs };
  },
  read: async (_id, props) => props,
  update: (_olds, news) => archive(news),
  delete: async () => {},
};

async function archive(props: Props): Promise<Props> {
  const image = String(props.image);
  const folder = await mkdtemp(join(tmpdir(), "portico-image-"));
  try {
    const path = join(folder, "image.tar");
    await save(image, path);
    const imageId = await imageIn(path);
    await upload(path, keys.image(imageId), props);
    return { ...props, imageId };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function save(image: string, path: string): Promise<void> {
  const saved = () =>
    run("docker", ["save", "--output", path, image], { timeout: MINUTES * 60_000 });
  try {
    await saved();
  } catch {
    // It was built on another machine, or removed here since.
    await run("docker", ["pull", "--quiet", image], { timeout: MINUTES * 60_000 });
    await saved();
  }
}

async function upload(path: string, key: string, props: Props): Promise<void> {
  // A stack on this machine never needs it.
  const { PutObjectCommand, S3Client } = await import("@aws-sdk/client-s3");
  const client = new S3Client({ region: String(props.region) });
  const digest = createHash("sha256");
  await pipeline(createReadStream(path), digest);
  const { size } = await stat(path);
  try {
    await client.send(
      new PutObjectCommand({
        ...{ Bucket: String(props.bucket), Key: key, ContentType: "application/x-tar" },
        ...{ Body: createReadStream(path), ContentLength: size },
        ChecksumSHA256: digest.digest("base64"),
        ...{ ServerSideEncryption: "aws:kms", SSEKMSKeyId: String(props.key) },
        BucketKeyEnabled: true,
      }),
      { abortSignal: AbortSignal.timeout(MINUTES * 60_000) },
    );
  } finally {
    client.destroy();
  }
}

/** Bytes. An image's manifest and config have some thousand. */
const LONGEST = 2 ** 20;
const Manifest = z.array(z.object({ Config: z.string() })).length(1, "must hold one image");

/**
 * The id of the image in an archive that `docker save` wrote: the digest of its config, whatever Docker itself calls it. The machines'
 * service checks the same (machine/portico_machine/image.py).
 */
export async function imageIn(path: string): Promise<string> {
  const manifest = Manifest.parse(JSON.parse((await read(path, "manifest.json")).toString()));
  const config = await read(path, manifest[0]?.Config ?? "");
  return `sha256:${createHash("sha256").update(config).digest("hex")}`;
}

async function read(archive: string, name: string): Promise<Buffer> {
  // 8 MB that only the build of an image needs: every preview starts this provider.
  const { list } = await import("tar");
  const found: Promise<Buffer>[] = [];
  await list({
    ...{ file: archive, strict: true },
    filter: (path, entry) => path === name && entry.size <= LONGEST,
    onReadEntry: (entry) => found.push(entry.concat()),
  });
  const last = found.at(-1);
  if (last === undefined) throw new Error(`has no ${name} that can be read`);
  return last;
}
