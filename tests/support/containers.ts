import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

import { docker } from "./docker.ts";

export interface Outcome {
  readonly code: number;
  /** Standard output and error together, in the order they came. */
  readonly output: string;
}

/** Runs a command in a running container, given by name or id. `user` as in `docker exec -u`. */
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

export interface OneOff {
  readonly image: string;
  readonly command: readonly string[];
  readonly network: string;
  readonly binds?: readonly string[];
  readonly user?: string;
}

/** Runs a container to its end, and takes it away. */
export async function runOnce({
  image,
  command,
  network,
  binds = [],
  user = "",
}: OneOff): Promise<Outcome> {
  const container = await docker.createContainer({
    Image: image,
    Entrypoint: [...command],
    Cmd: [],
    User: user,
    Healthcheck: { Test: ["NONE"] },
    HostConfig: { NetworkMode: network, Binds: [...binds] },
  });
  try {
    await container.start();
    const { StatusCode } = await container.wait();
    return { code: StatusCode, output: await logsOf(container.id) };
  } finally {
    await container.remove({ force: true, v: true });
  }
}

/** Everything that a container has said. `since`: seconds of the wall clock. */
export async function logsOf(name: string, since = 0): Promise<string> {
  const raw = await docker.getContainer(name).logs({ stdout: true, stderr: true, since });
  const output = new PassThrough();
  const input = new PassThrough();
  docker.modem.demuxStream(input, output, output);
  input.once("end", () => output.end());
  input.end(raw);
  return text(output);
}

/** Asks until there is an answer; fails after `seconds` with the last reason why there was none. */
export async function until<T>(
  what: string,
  seconds: number,
  ask: () => Promise<T | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  let reason = "no answer";
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      reason = (error as Error).message;
    }
    if (performance.now() > deadline)
      throw new Error(`${what}: not within ${seconds} s: ${reason}`);
    await sleep(100);
  }
}
