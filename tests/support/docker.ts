import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import Docker from "dockerode";

import { BASE_IMAGE } from "../../infra/model/stack.ts";

export const docker = new Docker();

/**
 * Builds a folder's image unless one of the same content is there, and gives its tag. `sources` are what the build takes in,
 * relative to the folder.
 */
export async function imageOf(
  name: string,
  folder: string,
  sources: readonly string[],
): Promise<string> {
  const base = await baseImage();
  const tag = `portico-test/${name}:${contentHash(folder, sources, base)}`;
  const present = await docker.listImages({ filters: { reference: [tag] } });
  if (present.length > 0) return tag;
  const stream = await docker.buildImage(
    { context: folder, src: [...sources] },
    { t: tag, buildargs: { BASE: base } },
  );
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(stream, (error, lines: readonly { error?: string }[]) => {
      const failed = error?.message ?? lines.find((line) => line.error !== undefined)?.error;
      failed === undefined ? resolve() : reject(new Error(`${tag} could not be built: ${failed}`));
    });
  });
  return tag;
}

/** Runs a container to its end and gives what it wrote. It is removed in any case. */
export async function runToEnd(
  options: Docker.ContainerCreateOptions,
  deadlineMs: number,
): Promise<{ readonly code: number; readonly output: string }> {
  const container = await docker.createContainer({ Tty: true, ...options });
  try {
    const stream = await container.attach({ stream: true, stdout: true, stderr: true });
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    await container.start();
    const code = await Promise.race([
      container.wait().then(({ StatusCode }: { StatusCode: number }) => StatusCode),
      pause(deadlineMs, undefined, { ref: false }),
    ]);
    const output = Buffer.concat(chunks).toString().replaceAll("\r\n", "\n");
    if (code === undefined) throw new Error(`not done in ${deadlineMs} ms:\n${output}`);
    return { code, output };
  } finally {
    await container.remove({ force: true, v: true });
  }
}

const ACTS = {
  kill: (container) => container.kill(),
  start: (container) => container.start(),
  stop: (container) => container.stop(),
  pause: (container) => container.pause(),
  unpause: (container) => container.unpause(),
} satisfies Readonly<Record<string, (container: Docker.Container) => Promise<unknown>>>;

/** What a test does to a node. */
export type Act = keyof typeof ACTS;

/** With cgroups v1 runc gives up after a thousand looks, while new processes keep a busy container from standing still as a whole. */
const NOT_FROZEN = /unable to freeze/;
const FREEZES_AT_LAST_MS = 20_000;

/** Does it to a container. A pause that Docker's runtime has given up (and taken back) is tried again, for 20 s. */
export async function act(container: Docker.Container, what: Act): Promise<void> {
  const deadline = Date.now() + FREEZES_AT_LAST_MS;
  for (;;)
    try {
      await ACTS[what](container);
      return;
    } catch (error) {
      if (!NOT_FROZEN.test(String(error)) || Date.now() > deadline) throw error;
      await pause(50);
    }
}

/** What the local target lets a node's container do. `memory`: in MiB. */
export const asNode = (memory: number): Docker.HostConfig => ({
  ReadonlyRootfs: true,
  CapDrop: ["ALL"],
  CapAdd: ["SETUID", "SETGID"],
  SecurityOpt: ["no-new-privileges:true"],
  Tmpfs: { "/run": "", "/tmp": "" },
  Memory: memory * 1024 * 1024,
  MemorySwap: memory * 1024 * 1024,
});

/** Starts a container that ends with the test. */
export async function runFor(
  t: Pick<TestContext, "after">,
  options: Docker.ContainerCreateOptions,
): Promise<Docker.Container> {
  const container = await docker.createContainer(options);
  t.after(() => container.remove({ force: true, v: true }).catch(() => {}));
  await container.start();
  return container;
}

/** A bridge network that ends with the test: an own /24 of 10.252.0.0/16, chosen free. */
export async function networkFor(
  t: TestContext,
  { internal }: { readonly internal: boolean },
): Promise<{ readonly name: string; readonly subnet: string }> {
  const start = process.pid % 256;
  for (let step = 0; step < 256; step++) {
    const subnet = `10.252.${(start + step) % 256}.0/24`;
    const name = `portico-test-${process.pid}-${step}`;
    const made = await docker
      .createNetwork({ Name: name, Internal: internal, IPAM: { Config: [{ Subnet: subnet }] } })
      .catch((error: Error) => {
        if (/overlap/i.test(error.message)) return undefined;
        throw error;
      });
    if (made === undefined) continue;
    // A test's containers end after what they were made for, and a network that has some stays.
    t.after(async () => {
      const { Containers: inside } = await made.inspect();
      const leave = (id: string) => made.disconnect({ Container: id, Force: true }).catch(() => {});
      await Promise.all(Object.keys(inside ?? {}).map(leave));
      await made.remove().catch(() => {});
    });
    return { name, subnet };
  }
  throw new Error("10.252.0.0/16 has no free /24 left");
}

function contentHash(folder: string, sources: readonly string[], base: string): string {
  const hash = createHash("sha256").update(base);
  for (const path of sources.flatMap((source) => filesBelow(folder, source)).sort()) {
    const { mode } = statSync(join(folder, path));
    hash.update(`\0${path}\0${mode}\0`).update(readFileSync(join(folder, path)));
  }
  return hash.digest("hex").slice(0, 16);
}

function filesBelow(folder: string, path: string): readonly string[] {
  if (statSync(join(folder, path)).isFile()) return [path];
  return readdirSync(join(folder, path)).flatMap((name) => filesBelow(folder, join(path, name)));
}

/** Where it can't be pulled, setup has made the same from packages. */
export async function baseImage(): Promise<string> {
  const made = "portico/debian:trixie-slim";
  const found = await docker.listImages({ filters: { reference: [made] } });
  return found.length > 0 ? made : BASE_IMAGE;
}
