// Commands in containers, what containers have logged, and how many processes they may have.
import { buffer } from "node:stream/consumers";
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
  const output = demuxed(await buffer(await run.start({})));
  return { code: await exitCodeOf(run), output };
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

/** Everything that a container has logged. `since`: seconds of the wall clock. */
export async function logOf(docker: Docker, container: string, since = 0): Promise<string> {
  return demuxed(await docker.getContainer(container).logs({ stdout: true, stderr: true, since }));
}

const HEADER = 8;

/**
 * What the engine sends of both streams, one piece after the other: eight bytes, the last four of which are the length of the text that
 * follows ("stream format" of its API). docker-modem's own way, `demuxStream`, calls itself for each piece of a chunk: 8000 lines of a log are too many.
 */
function demuxed(pieces: Buffer): string {
  const texts: Buffer[] = [];
  for (let at = 0; at + HEADER <= pieces.length; ) {
    const begin = at + HEADER;
    at = begin + pieces.readUInt32BE(at + 4);
    texts.push(pieces.subarray(begin, at));
  }
  return Buffer.concat(texts).toString();
}

/** A session of SSH takes several processes, and HAProxy one thread per core; on a node, each session of PostgreSQL is a process. */
const PIDS = { portal: 1024, node: 4096 } as const;

/**
 * Limits how many processes each container of the stack may have. Pulumi's docker provider has no property for it; the engine keeps it with the
 * container, and applies it at once.
 */
export async function limitProcesses(docker: Docker, stack: string): Promise<void> {
  const filters = { label: [`portico.stack=${stack}`] };
  for (const { Id, Names } of await docker.listContainers({ all: true, filters })) {
    const role = Names.some((name) => name.includes("-portal-")) ? "portal" : "node";
    await docker.getContainer(Id).update({ PidsLimit: PIDS[role] });
  }
}
