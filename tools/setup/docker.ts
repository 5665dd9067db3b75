// A Docker engine on this machine, and the image that everything is built on.
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, open, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import Docker from "dockerode";
import { execa } from "execa";

import { BASE_IMAGE } from "../../infra/model/stack.ts";
import { CACHE, onPath } from "./paths.ts";
import { SetupError, step } from "./step.ts";

export interface Engine {
  readonly docker: Docker;
  /** For `DOCKER_HOST` of the other programs that must find the engine. */
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

const MADE = "portico/debian:trixie-slim";

/** A registry that can be reached says something within this time; a download that goes on may take longer. */
const SILENCE_MS = 15_000;
const DOWNLOAD_MS = 300_000;
const DEBOOTSTRAP_MS = 600_000;

/** The name of the image that everything here is built on. */
export function baseImage(docker: Docker): Promise<string> {
  return step("base image debian:trixie-slim", {
    async find() {
      for (const name of [BASE_IMAGE, MADE]) if (await has(docker, name)) return name;
      return undefined;
    },
    async make() {
      const refused = await pull(docker);
      if (refused === undefined) return BASE_IMAGE;
      await debootstrap(docker, refused);
      return MADE;
    },
  });
}

function has(docker: Docker, name: string): Promise<boolean> {
  return docker
    .getImage(name)
    .inspect()
    .then(
      () => true,
      () => false,
    );
}

/** Why the image can't be pulled; nothing when it was. */
async function pull(docker: Docker): Promise<string | undefined> {
  const quiet = new AbortController();
  const silence = setTimeout(() => quiet.abort(), SILENCE_MS);
  try {
    const abortSignal = AbortSignal.any([quiet.signal, AbortSignal.timeout(DOWNLOAD_MS)]);
    const stream = await docker.pull(BASE_IMAGE, { abortSignal });
    await new Promise<void>((done, failed) => {
      docker.modem.followProgress(
        stream,
        (error: Error | null) => (error ? failed(error) : done()),
        () => silence.refresh(),
      );
    });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(silence);
  }
}

async function debootstrap(docker: Docker, refused: string): Promise<void> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    throw new SetupError(`${BASE_IMAGE} can't be pulled (${refused}): pull or load it by hand.`);
  }
  if (!(await onPath("debootstrap"))) await apt("debootstrap");
  const root = await mkdtemp(join(tmpdir(), "portico-trixie-"));
  try {
    const args = ["--variant=minbase", "trixie", root, await mirror()];
    const { failed, all } = await execa("debootstrap", args, {
      all: true,
      reject: false,
      timeout: DEBOOTSTRAP_MS,
    });
    if (failed) {
      throw new SetupError(
        `${BASE_IMAGE} can't be pulled (${refused}), and debootstrap failed:\n${all.slice(-2_000)}`,
      );
    }
    const tar = spawn(
      "tar",
      ["--create", "--directory", root, "--exclude=./var/cache/apt/*", "."],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    const [repo, tag] = MADE.split(":");
    const stream = await docker.importImage(tar.stdout, { repo, tag });
    await new Promise<void>((done, failed) => {
      docker.modem.followProgress(stream, (error: Error | null) =>
        error ? failed(error) : done(),
      );
    });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

const DEADLINE_MS = 600_000;

/** Installs a Debian package. Only root can, so the caller has checked that. */
export async function apt(name: string): Promise<void> {
  if (!(await onPath("apt-get"))) {
    throw new SetupError(
      `${name} is missing, and only Debian's apt-get is known here: install it.`,
    );
  }
  await aptGet("update");
  await aptGet("install", "--yes", "--no-install-recommends", name);
}

/** The Debian mirror that this machine's own apt uses. */
async function mirror(): Promise<string> {
  const format = "$(ORIGIN) $(LABEL) $(COMPONENT) $(REPO_URI)";
  const { stdout } = await execa("apt-get", ["indextargets", "--format", format]);
  const [, uri] = /^Debian Debian main (\S+)$/m.exec(stdout) ?? [];
  return uri ?? "http://deb.debian.org/debian";
}

async function aptGet(...args: string[]): Promise<void> {
  const { failed, all } = await execa("apt-get", args, {
    env: { DEBIAN_FRONTEND: "noninteractive" },
    all: true,
    reject: false,
    timeout: DEADLINE_MS,
  });
  if (failed) throw new SetupError(`apt-get ${args.join(" ")} failed:\n${all.slice(-2_000)}`);
}
