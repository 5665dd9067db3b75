import { spawn } from "node:child_process";
import { mkdir, open } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import Docker from "dockerode";
import { execa } from "execa";

import { apt } from "./apt.ts";
import { CACHE, onPath } from "./paths.ts";
import { SetupError } from "./setup-error.ts";
import { step } from "./step.ts";

export interface Engine {
  readonly docker: Docker;
  /** For `DOCKER_HOST` of whoever else must find the engine. */
  readonly host: string;
}

const ANSWER_MS = 3_000;
const START_MS = 60_000;

export function dockerEngine(): Promise<Engine> {
  return step<Engine>("Docker engine", {
    find: runningEngine,
    notice: "none answers",
    async make() {
      if (process.platform !== "linux" || process.getuid?.() !== 0) throw await unreachable();
      if (!(await onPath("dockerd"))) await apt("docker.io");
      await start();
      return until(runningEngine, START_MS);
    },
  });
}

async function runningEngine(): Promise<Engine | undefined> {
  for (const host of hosts()) {
    const docker = dockerAt(host);
    if (await answers(docker)) return { docker, host };
  }
  return undefined;
}

/** Where engines listen: as told by the environment, else Docker, Docker Desktop, rootless, Colima, OrbStack. */
function hosts(): readonly string[] {
  if (process.env.DOCKER_HOST) return [process.env.DOCKER_HOST];
  const home = homedir();
  return [
    "/var/run/docker.sock",
    join(home, ".docker/run/docker.sock"),
    join(home, ".docker/desktop/docker.sock"),
    join(process.env.XDG_RUNTIME_DIR ?? "/run/user/0", "docker.sock"),
    join(home, ".colima/default/docker.sock"),
    join(home, ".orbstack/run/docker.sock"),
  ].map((socket) => `unix://${socket}`);
}

function dockerAt(host: string): Docker {
  const [, socketPath] = /^unix:\/\/(.*)$/.exec(host) ?? [];
  return socketPath ? new Docker({ socketPath }) : new Docker();
}

function answers(docker: Docker): Promise<boolean> {
  const pong = docker.ping().then(
    () => true,
    () => false,
  );
  return Promise.race([pong, pause(ANSWER_MS, false, { ref: false })]);
}

async function start(): Promise<void> {
  if (await onPath("systemctl")) {
    const { failed } = await execa("systemctl", ["start", "docker"], { reject: false });
    if (!failed) return;
  }
  // No service manager runs here: the engine outlives this command on its own.
  await mkdir(CACHE, { recursive: true });
  const log = await open(join(CACHE, "dockerd.log"), "a");
  spawn("dockerd", [], { detached: true, stdio: ["ignore", log.fd, log.fd] }).unref();
  await log.close();
}

async function until<Answer>(ask: () => Promise<Answer | undefined>, ms: number): Promise<Answer> {
  const deadline = Date.now() + ms;
  while (Date.now() < deadline) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await pause(250);
  }
  throw new SetupError(
    `The Docker engine was started and does not answer after ${ms / 1000} s: see ${join(CACHE, "dockerd.log")}`,
  );
}

async function unreachable(): Promise<SetupError> {
  const denied = await new Docker().ping().then(
    () => false,
    (error: unknown) => error instanceof Error && "code" in error && error.code === "EACCES",
  );
  if (denied) {
    return new SetupError(
      "The Docker engine runs, but this user may not talk to it: sudo usermod -aG docker $USER, then log in again.",
    );
  }
  return new SetupError(
    process.platform === "linux"
      ? "No Docker engine answers: install it (Debian: sudo apt-get install docker.io) or start it (sudo systemctl start docker)."
      : "No Docker engine answers: start Docker Desktop.",
  );
}
