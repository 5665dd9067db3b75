import { relative, resolve } from "node:path";

import type Docker from "dockerode";
import { z } from "zod";

import type { Kind, State } from "../plugin/kind.ts";
import { contextDigest, contextFiles } from "./build-context.ts";

const inputs = z.strictObject({
  imageName: z.string(),
  /** What is to be pushed can be previewed here, not built. */
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
