import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type Docker from "dockerode";
import { execa } from "execa";

import { BASE_IMAGE } from "../../infra/model/base-image.ts";
import { apt, mirror } from "./apt.ts";
import { onPath } from "./paths.ts";
import { SetupError } from "./setup-error.ts";
import { step } from "./step.ts";

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
