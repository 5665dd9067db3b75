import { setTimeout as pause } from "node:timers/promises";

import type Docker from "dockerode";

const LOG_LINES = 20;

/** Returns once the container's health check passes; fails when it ends, at the deadline, or when the run is cancelled. */
export async function untilHealthy(
  container: Docker.Container,
  deadlineMs: number,
  cancelled: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const { State } = await container.inspect();
    if (!State.Running)
      throw new Error(`ended with code ${State.ExitCode} instead of getting healthy`);
    if (!State.Health) throw new Error("has no health check to wait for");
    if (State.Health.Status === "healthy") return;
    if (Date.now() > deadline) {
      const said = State.Health.Log?.at(-1)?.Output.trim();
      throw new Error(
        `is ${State.Health.Status} after ${deadlineMs / 1000} s${said ? `: ${said}` : ""}`,
      );
    }
    await pause(200, undefined, { signal: cancelled });
  }
}

/** The end of what a container said, for the message about why it failed. */
export async function lastWords(container: Docker.Container): Promise<readonly string[]> {
  const log = await container
    .logs({ stdout: true, stderr: true, tail: LOG_LINES })
    .catch(() => Buffer.alloc(0));
  return [...frames(log)].join("").trimEnd().split("\n");
}

/** The engine multiplexes both streams: 8 bytes of header, of which the last 4 are the length, then the text. */
function* frames(log: Buffer): Generator<string> {
  for (let at = 0; at + 8 <= log.length; ) {
    const end = at + 8 + log.readUInt32BE(at + 4);
    yield log.subarray(at + 8, end).toString("utf8");
    at = end;
  }
}
