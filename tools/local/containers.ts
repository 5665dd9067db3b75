import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";

import type Docker from "dockerode";

export interface Outcome {
  readonly code: number;
  /** Standard output and error together, in the order they came. */
  readonly output: string;
}

export interface As {
  /** As in `docker exec -u`. */
  readonly user?: string;
  readonly env?: readonly string[];
}

const LOOK_MS = 20;
const LONGEST_END_MS = 5_000;

/** Runs a command in a running container, given by name or id, to its end. */
export async function execIn(
  docker: Docker,
  container: string,
  command: readonly string[],
  { user = "", env = [] }: As = {},
): Promise<Outcome> {
  const run = await docker.getContainer(container).exec({
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
  return { code: await exitCodeOf(run), output: said };
}

/** A command's output may end a moment before the engine knows how it ended. -1: it doesn't say. */
async function exitCodeOf(run: Docker.Exec): Promise<number> {
  for (let waited = 0; waited < LONGEST_END_MS; waited += LOOK_MS) {
    const { Running, ExitCode } = await run.inspect();
    if (!Running && ExitCode !== null) return ExitCode;
    await pause(LOOK_MS);
  }
  return -1;
}

/** Everything that a container has said. `since`: seconds of the wall clock. */
export async function logOf(docker: Docker, container: string, since = 0): Promise<string> {
  const raw = await docker.getContainer(container).logs({ stdout: true, stderr: true, since });
  const output = new PassThrough();
  const input = new PassThrough();
  docker.modem.demuxStream(input, output, output);
  input.once("end", () => output.end());
  input.end(raw);
  return text(output);
}
