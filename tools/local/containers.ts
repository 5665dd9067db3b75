import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";

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
  return { code: (await run.inspect()).ExitCode ?? -1, output: said };
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
