import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";

import { docker } from "./docker.ts";

/** Runs a command in a running container; `user` as in `docker exec -u`. Output and errors come together. */
export async function execIn(
  container: Docker.Container,
  command: readonly string[],
  user = "",
): Promise<{ readonly code: number; readonly output: string }> {
  const run = await container.exec({
    Cmd: [...command],
    User: user,
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
