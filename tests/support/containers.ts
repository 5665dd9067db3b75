import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

import type { Outcome } from "../../tools/local/containers.ts";
import { execIn, logOf } from "../../tools/local/containers.ts";
import { docker } from "./docker.ts";

/** Runs a command in a running container, given by name or id. `user` as in `docker exec -u`. */
export const exec = (
  name: string,
  command: readonly string[],
  user = "",
  env: readonly string[] = [],
): Promise<Outcome> => execIn(docker, name, command, { user, env });

/** The same; resolves with what it says, and rejects with that where it fails. */
export async function execWell(...[name, command, user]: Parameters<typeof exec>): Promise<string> {
  const { code, output } = await exec(name, command, user);
  if (code !== 0) throw new Error(`${command.join(" ")} in ${name}: exit code ${code}: ${output}`);
  return output;
}

/** When a container that was killed ended, by this process's monotonic clock. Docker says it some milliseconds late. */
export async function deathOf(name: string): Promise<number> {
  const { State } = await docker.getContainer(name).inspect();
  if (State.Running) throw new Error(`${name} runs`);
  return performance.now() - (Date.now() - Date.parse(State.FinishedAt));
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
export const logsOf = (name: string, since = 0): Promise<string> => logOf(docker, name, since);

/** Asks until there is an answer; fails after `seconds` with the last reason why there was none. */
export async function until<T>(
  what: string,
  seconds: number,
  ask: () => Promise<T | undefined | false>,
): Promise<T> {
  const begun = performance.now();
  let reason = "no answer";
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      reason = (error as Error).message;
    }
    const waited = performance.now() - begun;
    if (waited > seconds * 1000) throw new Error(`${what}: not within ${seconds} s: ${reason}`);
    await sleep(pauseAfter(waited));
  }
}

/** Before it is asked again, after so many milliseconds: most questions start a program in a container, which costs as much as what they wait for. */
const pauseAfter = (waitedMs: number): number => Math.min(1_000, Math.max(100, waitedMs / 10));
