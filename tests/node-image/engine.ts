import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import Docker from "dockerode";

export const docker = new Docker();

export interface Outcome {
  readonly code: number;
  /** Standard output and error together, in the order they came. */
  readonly output: string;
}

const IMAGE = "portico-test/node-postgresql";
const SOURCE = fileURLToPath(new URL("../../node-image/postgresql", import.meta.url));

/** Builds the node's image as it is in the working tree; Docker's cache makes all but the first quick. */
export async function buildImage(): Promise<string> {
  const stream = await docker.buildImage(
    { context: SOURCE, src: ["Dockerfile", "image", "steward"] },
    { t: IMAGE, buildargs: { BASE: await baseImage() } },
  );
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(stream, (error, lines: { error?: string }[]) => {
      const failed = error ?? lines.find((line) => line.error !== undefined)?.error;
      failed ? reject(new Error(`the image could not be built: ${failed}`)) : resolve();
    });
  });
  return IMAGE;
}

/** Runs a command in a container; `user` as in `docker exec -u`. */
export async function exec(
  name: string,
  command: readonly string[],
  user = "",
  env: readonly string[] = [],
): Promise<Outcome> {
  const run = await docker.getContainer(name).exec({
    Cmd: [...command],
    User: user,
    Env: [...env],
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await run.start({});
  const output = new PassThrough();
  docker.modem.demuxStream(stream, output, output);
  stream.once("end", () => output.end());
  const said = await text(output);
  return { code: (await run.inspect()).ExitCode ?? -1, output: said };
}

/** Asks until there is an answer; fails after `seconds` with the last reason why there was none. */
export async function until<T>(
  what: string,
  seconds: number,
  ask: () => Promise<{ readonly is: T } | { readonly not: string }>,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask().catch((error: Error) => ({ not: error.message }));
    if ("is" in answer) return answer.is;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s: ${answer.not}`);
    await sleep(100);
  }
}

/** Where `debian:trixie-slim` cannot be pulled, the setup has made the same from packages. */
async function baseImage(): Promise<string> {
  const local = "portico/debian:trixie-slim";
  const found = await docker.listImages({ filters: { reference: [local] } });
  return found.length > 0 ? local : "debian:trixie-slim";
}
