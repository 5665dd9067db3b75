// Images, built anew when a file of their context changes.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, relative, resolve } from "node:path";
import { pipeline } from "node:stream/promises";

import type Docker from "dockerode";
import { z } from "zod";

import type { Kind, State } from "../plugin/kind.ts";

const inputs = z.strictObject({
  imageName: z.string(),
  /** An image that is to be pushed can be previewed by this stand-in, and not built. */
  skipPush: z.boolean(),
  registry: z
    .strictObject({
      server: z.string(),
      // Not kept, so never compared: as in the real one, another password is no change.
      username: z.string().optional(),
      password: z.string().optional(),
    })
    .optional(),
  buildOnPreview: z.literal(false).optional(),
  build: z.strictObject({
    context: z.string(),
    dockerfile: z.string().optional(),
    args: z.record(z.string(), z.string()).optional(),
    platform: z.string().optional(),
    builderVersion: z.literal("BuilderV1").optional(),
    /** The plugin's own, as in the real one: an unchanged context is no change. */
    contextDigest: z.string().optional(),
  }),
});

type ImageInputs = z.infer<typeof inputs>;

export function images(docker: Docker): Kind<ImageInputs> {
  return {
    inputs,
    inPlace: ["imageName", "skipPush", "buildOnPreview", "build", "registry"],
    computed: ["baseImageName", "context", "dockerfile", "platform", "repoDigest"],
    updateComputes: true,
    async normalise(wanted) {
      const { build, registry } = wanted as unknown as ImageInputs;
      const digest = await contextDigest(resolve(build.context));
      return {
        ...wanted,
        build: { ...build, contextDigest: digest },
        ...(registry !== undefined && { registry: { server: registry.server } }),
      };
    },
    async create(wanted, cancelled) {
      const outputs = await build(docker, wanted, cancelled);
      return { id: String(outputs.repoDigest), outputs };
    },
    // As in the real plugin, what happens to the image itself is not watched, and a superseded one stays.
    read: async (_id, state) => state,
    update: (_id, wanted) => build(docker, wanted, new AbortController().signal),
    remove: async () => {},
  };
}

async function build(
  docker: Docker,
  { imageName, skipPush, build: wanted }: ImageInputs,
  abortSignal: AbortSignal,
): Promise<State> {
  if (!skipPush)
    throw new Error(
      `this stand-in previews ${imageName}, and pushes nothing: it needs the real plugin`,
    );
  const context = resolve(wanted.context);
  const dockerfile = relative(context, resolve(wanted.dockerfile ?? `${context}/Dockerfile`));
  const stream = await docker.buildImage(
    { context, src: [...(await contextFiles(context))] },
    {
      t: imageName,
      dockerfile,
      buildargs: wanted.args,
      forcerm: true,
      abortSignal,
      ...(wanted.platform ? { platform: wanted.platform } : {}),
    },
  );
  await finished(docker, imageName, stream);
  const { Id, Os, Architecture } = await docker.getImage(imageName).inspect();
  return {
    baseImageName: imageName,
    context: wanted.context,
    dockerfile: wanted.dockerfile ?? "Dockerfile",
    platform: wanted.platform ?? `${Os}/${Architecture}`,
    repoDigest: Id,
  };
}

const BuildLine = z.object({ stream: z.string().optional(), error: z.string().optional() });

async function finished(
  docker: Docker,
  imageName: string,
  stream: NodeJS.ReadableStream,
): Promise<void> {
  const output: string[] = [];
  await new Promise<void>((done, failed) => {
    const fail = (why: string) =>
      failed(new Error(`building ${imageName}: ${why}\n${output.join("").slice(-4_000)}`));
    docker.modem.followProgress(
      stream,
      (error: Error | null) => (error ? fail(error.message) : done()),
      (line: unknown) => {
        const { data } = BuildLine.safeParse(line);
        if (data?.stream) output.push(data.stream);
        if (data?.error) fail(data.error.trim());
      },
    );
  });
}

interface DockerIgnore {
  add(patterns: string): DockerIgnore;
  createFilter(): (path: string) => boolean;
}

// The parser that dockerode packs the context with, so that digest and build see the same files.
const require = createRequire(createRequire(import.meta.url).resolve("dockerode/package.json"));
const dockerIgnore: (options: { ignorecase: boolean }) => DockerIgnore =
  require("@balena/dockerignore");

/** The files that a build sees, relative to `context`, in a fixed order. */
async function contextFiles(context: string): Promise<readonly string[]> {
  const patterns = await readFile(join(context, ".dockerignore"), "utf8").catch(() => "");
  const kept = dockerIgnore({ ignorecase: false }).add(patterns).createFilter();
  const entries = await readdir(context, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(context, join(entry.parentPath, entry.name)))
    .filter(kept)
    .sort();
}

/** Changes when a file's path, mode or content does; a fresh clone of the same files has the same. */
async function contextDigest(context: string): Promise<string> {
  const digest = createHash("sha256");
  for (const file of await contextFiles(context)) {
    const path = join(context, file);
    const { mode } = await stat(path).catch(async () => ({ mode: 0 }));
    digest.update(`${file}\0${mode & 0o111 ? "executable" : "plain"}\0`);
    if (mode === 0) digest.update(await readlink(path));
    else await pipeline(createReadStream(path), digest, { end: false });
    digest.update("\0");
  }
  return digest.digest("hex");
}
