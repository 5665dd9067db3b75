import assert from "node:assert/strict";
import { createWriteStream } from "node:fs";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type TestContext, test } from "node:test";

import { execa } from "execa";

import { baseImage, docker, imageOf, runToEnd } from "../support/docker.ts";

const MACHINE = join(import.meta.dirname, "../../machine");
const SUPPORT = join(import.meta.dirname, "../support/machine/real");
const DEADLINE_MS = 300_000;

interface Tried {
  readonly made: { readonly image: string; readonly state: string; readonly memory: number };
  /** /proc/1/status and /proc/mounts. */
  readonly inside: string;
  readonly resized: number;
  readonly stopped: boolean;
  readonly again: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly gone: boolean;
}

test("a real Docker engine loads an archive, and takes what the service asks of it", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "portico-docker-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await cp(join(MACHINE, "portico_machine"), join(folder, "service/portico_machine"), {
    recursive: true,
  });
  await Promise.all(
    ["files", "mounted/data"].map((path) => mkdir(join(folder, path), { recursive: true })),
  );
  const name = `portico-test-${process.pid}`;
  const id = await savedImage(join(folder, "saved.tar"), name);
  takeAway(t, name, id);

  const { code, output } = await runToEnd(
    {
      Image: await imageOf("real-docker", SUPPORT, ["Dockerfile", "try.py"]),
      Cmd: [folder, name, id],
      Env: ["DOCKER_HOST=unix:///var/run/docker.sock"],
      HostConfig: { Binds: [`${socket()}:/var/run/docker.sock`, `${folder}:${folder}`] },
    },
    DEADLINE_MS,
  );
  assert.equal(code, 0, output);
  const last = output.trim().split("\n").at(-1) ?? "";
  const tried: { readonly portal: Tried; readonly node: Tried } = JSON.parse(last);

  for (const role of ["portal", "node"] as const)
    await t.test(`${role}: made, resized, stopped, started again and taken away`, () => {
      const { made, resized, stopped, again, gone } = tried[role];
      assert.deepEqual([made.image, made.state, made.memory], [id, "running", 128]);
      assert.deepEqual([resized, stopped, again, gone], [192, true, "running", true]);
    });

  for (const role of ["portal", "node"] as const)
    await t.test(`${role}: no right but two, nothing to write to but what it is given`, () => {
      const { inside, config } = tried[role];
      // CAP_SETGID and CAP_SETUID are bits 6 and 7.
      assert.match(inside, /^CapBnd:\s+00000000000000c0$/m);
      assert.match(inside, /^NoNewPrivs:\s+1$/m);
      const writable = [...inside.matchAll(/^\S+ (\S+) \S+ rw[, ]/gm)].map(([, path]) => path);
      const own = role === "portal" ? ["/agent/report"] : [];
      for (const path of ["/run", "/tmp", "/var/lib/portico", ...own])
        assert.ok(writable.includes(path), `${path} can't be written to: ${writable}`);
      assert.ok(!writable.includes("/"));
      assert.equal(config.PidsLimit, role === "portal" ? 1024 : 4096);
      assert.deepEqual(
        [config.NetworkMode, config.ReadonlyRootfs, Object(config.RestartPolicy).Name],
        ["host", true, "unless-stopped"],
      );
    });
});

/** Writes the archive of an image that only sleeps, and gives its id: the digest of its config. The engine forgets it. */
async function savedImage(file: string, tag: string): Promise<string> {
  const container = await docker.createContainer({ Image: await baseImage(), Cmd: ["true"] });
  const reference = { repo: "portico-test/saved", tag };
  try {
    await container.commit({ ...reference, changes: 'CMD ["sleep", "infinity"]' });
  } finally {
    await container.remove({ force: true });
  }
  const image = docker.getImage(`${reference.repo}:${tag}`);
  await pipeline(await image.get(), createWriteStream(file));
  await image.remove();
  const { stdout } = await execa("tar", ["-xOf", file, "manifest.json"]);
  const [, hex] = /"Config":"(?:blobs\/sha256\/)?([0-9a-f]{64})/.exec(stdout) ?? [];
  assert.ok(hex, stdout);
  return `sha256:${hex}`;
}

function takeAway(t: TestContext, name: string, id: string): void {
  const images = [
    `portico-machine/image:${id.replace("sha256:", "")}`,
    `portico-test/saved:${name}`,
  ];
  t.after(async () => {
    await docker
      .getContainer(name)
      .remove({ force: true })
      .catch(() => {});
    for (const image of images)
      await docker
        .getImage(image)
        .remove()
        .catch(() => {});
    for (const volume of ["data", "state"])
      await docker
        .getVolume(`${name}-${volume}`)
        .remove()
        .catch(() => {});
  });
}

function socket(): string {
  return process.env.DOCKER_HOST?.replace("unix://", "") ?? "/var/run/docker.sock";
}
