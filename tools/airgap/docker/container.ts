// Containers, which are there once their health check passes.
import { setTimeout as pause } from "node:timers/promises";

import type Docker from "dockerode";

import type { Kind, State } from "../plugin/kind.ts";
import { ContainerInputs, createOptions, endpoint, limits } from "./container-options.ts";
import { unlessMissing } from "./network.ts";

const DEFAULT_WAIT_SECONDS = 60;

export function containers(docker: Docker): Kind<ContainerInputs> {
  return {
    inputs: ContainerInputs,
    inPlace: [
      "memory",
      "memorySwap",
      "restart",
      "healthcheck",
      "wait",
      "waitTimeout",
      "mustRun",
      "destroyGraceSeconds",
    ],
    computed: ["networkDatas"],
    deleteBeforeReplace: true,
    async create(wanted, cancelled) {
      const container = await docker.createContainer(createOptions(wanted));
      try {
        await start(docker, container, wanted, cancelled);
        return { id: container.id, outputs: await addresses(container) };
      } catch (error) {
        const lines = await lastLines(container);
        await remove(container);
        const why = error instanceof Error ? error.message : String(error);
        throw new Error([`container ${wanted.name}: ${why}`, ...lines].join("\n"), {
          cause: error,
        });
      }
    },
    async read(id, state) {
      const container = docker.getContainer(id);
      const found = await unlessMissing(container.inspect());
      if (!found) return undefined;
      if (found.State.Running || state.mustRun === false) return addresses(container);
      // As the real plugin does with a container that must run and doesn't: the next step makes a new one.
      await remove(container);
      return undefined;
    },
    async update(id, wanted) {
      await docker.getContainer(id).update(limits(wanted));
      return {};
    },
    async remove(id, { destroyGraceSeconds }) {
      const container = docker.getContainer(id);
      if (typeof destroyGraceSeconds === "number" && destroyGraceSeconds > 0) {
        await unlessMissing(container.stop({ t: destroyGraceSeconds }).catch(ignoreStopped));
      }
      await remove(container);
    },
  };
}

async function start(
  docker: Docker,
  container: Docker.Container,
  wanted: ContainerInputs,
  cancelled: AbortSignal,
): Promise<void> {
  for (const network of wanted.networksAdvanced?.slice(1) ?? []) {
    const options = { Container: container.id, EndpointConfig: endpoint(network) };
    await docker.getNetwork(network.name).connect(options);
  }
  await container.start();
  if (!wanted.wait) return;
  const seconds = wanted.waitTimeout ?? DEFAULT_WAIT_SECONDS;
  await untilHealthy(container, seconds * 1000, cancelled);
}

async function addresses(container: Docker.Container): Promise<State> {
  const { NetworkSettings } = await container.inspect();
  const networkDatas = Object.entries(NetworkSettings.Networks)
    .map(([networkName, { IPAddress, IPPrefixLen, Gateway }]) => ({
      networkName,
      ipAddress: IPAddress,
      ipPrefixLength: IPPrefixLen,
      gateway: Gateway,
    }))
    .sort((a, b) => a.networkName.localeCompare(b.networkName));
  return { networkDatas };
}

async function remove(container: Docker.Container): Promise<void> {
  await unlessMissing(container.remove({ force: true, v: true }));
}

/** The engine answers 304 where there was nothing to stop. */
function ignoreStopped(error: unknown): void {
  if (error instanceof Error && "statusCode" in error && error.statusCode === 304) return;
  throw error;
}

const LOG_LINES = 20;

/** Returns once the container's health check passes; fails when it ends, at the deadline, or when the run is cancelled. */
async function untilHealthy(
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
      const output = State.Health.Log?.at(-1)?.Output.trim();
      throw new Error(
        `is ${State.Health.Status} after ${deadlineMs / 1000} s${output ? `: ${output}` : ""}`,
      );
    }
    await pause(200, undefined, { signal: cancelled });
  }
}

/** The end of a container's log, for the message about why it failed. */
async function lastLines(container: Docker.Container): Promise<readonly string[]> {
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
