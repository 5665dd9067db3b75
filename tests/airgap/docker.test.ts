import assert from "node:assert/strict";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import Docker from "dockerode";

import { freePlace, type Stack, withStack } from "../support/cli.ts";

const project = join(import.meta.dirname, "docker");
const docker = new Docker();

test("a container gets what the program asks for, no more and no less", async () => {
  await withDocker(async (stack, configure) => {
    const { Config, HostConfig, NetworkSettings, State } = await docker
      .getContainer(stack.name)
      .inspect();
    const { addresses } = await stack.outputs();
    const found = Object.values(NetworkSettings.Networks).map(({ IPAddress }) => IPAddress);

    assert.equal(State.Health?.Status, "healthy", "`wait` waits for the health check");
    assert.deepEqual(HostConfig.CapAdd, ["CAP_SETUID"]);
    assert.deepEqual(HostConfig.CapDrop, ["ALL"]);
    assert.equal(HostConfig.ReadonlyRootfs, true);
    assert.ok(found.some((address) => address.endsWith(".16.4")));
    assert.ok(found.some((address) => address.endsWith(".0.8")));
    assert.equal((addresses as unknown[]).length, 2);

    assert.deepEqual(await stack.up("--refresh"), { same: 6 });

    assert.ok(Config.Env.includes("PASSWORD=hunter2"));
    assert.doesNotMatch(JSON.stringify(await stack.export()), /hunter2/, "a secret stays one");

    await configure({ gpus: "all" });
    await assert.rejects(stack.preview(), /gpus.*does not understand the property/s);
  });
});

test("memory changes in place, a host name replaces, and the data stays", async () => {
  await withDocker(async (stack, configure) => {
    const before = await docker.getContainer(stack.name).inspect();

    await configure({ memory: 96, memorySwap: 96 });
    assert.deepEqual(await stack.up(), { same: 5, update: 1 });
    const updated = await docker.getContainer(stack.name).inspect();
    assert.equal(updated.Id, before.Id);
    assert.equal(updated.HostConfig.Memory, 96 * 1024 * 1024);

    const volume = await docker.getVolume(`${stack.name}-data`).inspect();
    await configure({ hostname: "other" });
    assert.equal((await stack.up()).replace, 1);
    const replaced = await docker.getContainer(stack.name).inspect();
    assert.notEqual(replaced.Id, before.Id);
    assert.equal(replaced.Config.Hostname, "other");
    assert.deepEqual(await docker.getVolume(`${stack.name}-data`).inspect(), volume);
  });
});

test("what vanished is made again by a refresh, and a killed container too", async () => {
  await withDocker(async (stack) => {
    await docker.getContainer(stack.name).kill();
    assert.deepEqual(await stack.up("--refresh"), { create: 1, same: 5 });
    assert.equal((await docker.getContainer(stack.name).inspect()).State.Running, true);

    await docker.getContainer(stack.name).remove({ force: true });
    await docker.getNetwork(`${stack.name}-inner`).remove();
    await docker.getVolume(`${stack.name}-data`).remove();
    assert.deepEqual(await stack.up("--refresh"), { create: 3, same: 3 });
  });
});

test("an image is built anew only when a file that the build sees changed", async () => {
  const context = await mkdtemp(join(tmpdir(), "portico-context-"));
  await cp(join(project, "context"), context, { recursive: true });
  await withDocker(async (stack, configure) => {
    await configure({}, { "airgap-docker:context": context });
    await stack.up();

    await writeFile(join(context, "notes"), "not seen: .dockerignore names it");
    assert.deepEqual(await stack.up(), { same: 6 });

    await writeFile(join(context, "greeting"), "good morning");
    const { steps } = await stack.preview();
    assert.deepEqual(
      steps.filter(({ op }) => op !== "same").map(({ op }) => op),
      ["update", "replace"],
    );
  });
  await rm(context, { recursive: true });
});

type Configure = (
  container: Record<string, unknown>,
  more?: Record<string, unknown>,
) => Promise<void>;

/** A stack of the small program, up, with its own free addresses. */
async function withDocker(use: (stack: Stack, configure: Configure) => Promise<void>) {
  await withStack({ project }, async (stack) => {
    const { range, base } = await freePlace(stack.name);
    const configure: Configure = (container, more = {}) =>
      stack.configure({
        "airgap-docker:docker": { range, base, ...container },
        "airgap-docker:password": "hunter2",
        ...more,
      });
    await configure({});
    await stack.up();
    const image = docker.getImage(`portico-test/${stack.name}`);
    try {
      await use(stack, configure);
    } finally {
      await stack.destroy();
      await image.remove({ force: true }).catch(() => {});
    }
  });
}
