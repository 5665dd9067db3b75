import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import Docker from "dockerode";

import { recover, removeStrays } from "../../tools/local/recover.ts";
import { latest, stackFiles } from "../../tools/local/state.ts";
import { freePlace, type Stack, withStack } from "../support/cli.ts";

const project = join(import.meta.dirname, "../airgap/docker");
const docker = new Docker();

test("a run that was killed in the middle of a create is gone on from by the next", async () => {
  await withStack({ project }, async (stack) => {
    const { range, base } = await freePlace(stack.name);
    const command = ["sh", "-c", "sleep 3; touch /tmp/ready /data/kept; sleep 600"];
    await stack.configure({
      "airgap-docker:docker": { range, base, command },
      "airgap-docker:password": "hunter2",
    });
    const files = stackFiles(stack.backend, "airgap-docker", stack.name);

    await killInTheMiddle(stack);
    const stray = await docker.getContainer(stack.name).inspect();
    assert.equal((await latest(files))?.pending_operations?.[0]?.type, "creating");
    await assert.rejects(stack.up("--refresh"), /currently locked/);

    await recover((...args) => stack.run(...args), files);
    await assert.rejects(stack.up("--refresh"), /already in use/, "the stray holds its name");

    await removeStrays(docker, stack.name, files);
    await stack.up("--refresh");
    const made = await docker.getContainer(stack.name).inspect();
    assert.notEqual(made.Id, stray.Id);
    assert.equal(made.State.Health?.Status, "healthy");
    assert.deepEqual(await stack.up("--refresh"), { same: 6 });

    await removeStrays(docker, stack.name, files);
    assert.equal((await docker.getContainer(stack.name).inspect()).Id, made.Id, "it is no stray");
    await stack.destroy();
    await docker.getImage(`portico-test/${stack.name}`).remove({ force: true });
  });
});

test("the lock of a run that goes on is left alone, and its end is waited for", async () => {
  await withStack({ project }, async (stack) => {
    const { range, base } = await freePlace(stack.name);
    await stack.configure({
      "airgap-docker:docker": { range, base },
      "airgap-docker:password": "hunter2",
    });
    const files = stackFiles(stack.backend, "airgap-docker", stack.name);
    const run = start(stack);
    await until(async () => (await readdir(files.locks).catch(() => [])).length > 0, 30_000);

    await assert.rejects(
      recover((...args) => stack.run(...args), files, 100),
      new RegExp(`Another run is at work on this stack \\(process ${run.pid}`),
    );
    assert.equal(run.exitCode, null);
    const ended = once(run, "close");
    await recover((...args) => stack.run(...args), files);
    await ended;
    assert.equal(run.exitCode, 0);
    assert.deepEqual(await stack.up("--refresh"), { same: 6 }, "nothing is left to do");
    await stack.destroy();
    await docker.getImage(`portico-test/${stack.name}`).remove({ force: true });
  });
});

test("a lock whose process id another program has by now is dropped at once", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "locks-"));
  t.after(() => rm(folder, { recursive: true }));
  const files = stackFiles(folder, "portico", "local");
  await mkdir(files.locks, { recursive: true });
  const others = [process.pid, 1, 2 ** 22 + 1];
  for (const pid of others)
    await writeFile(
      join(files.locks, `${pid}.json`),
      JSON.stringify({ pid, timestamp: "2026-01-01T00:00:00Z" }),
    );

  await recover(() => assert.fail("nothing is pending"), files, 0);

  assert.deepEqual(await readdir(files.locks), []);
});

test("containers of another copy of the project are no strays, whatever their name", async () => {
  const name = `t${process.pid}`;
  const foreign = await docker.createContainer({
    Image: String((await freePlace(name)).base),
    Cmd: ["true"],
    Labels: { "portico.stack": name },
    HostConfig: { Mounts: [{ Type: "bind", Source: "/tmp", Target: "/mnt", ReadOnly: true }] },
  });
  try {
    const files = stackFiles("/nowhere", "portico", "local");
    await assert.rejects(
      removeStrays(docker, name, files),
      /another folder's .* remove portico:local from Pulumi\.local\.yaml/,
    );
    assert.ok(await foreign.inspect());
  } finally {
    await foreign.remove();
  }
});

test("volumes of a stack of that name are not taken up by a folder that has made nothing", async () => {
  const name = `t${process.pid}v`;
  const volume = `${name}-orders-1-data`;
  await docker.createVolume({ Name: volume, Labels: { "portico.stack": name } });
  try {
    await assert.rejects(
      removeStrays(docker, name, stackFiles("/nowhere", "portico", "local")),
      new RegExp(`A stack called ${name} has data .* docker volume rm ${volume}$`),
    );
  } finally {
    await docker.getVolume(volume).remove();
  }
});

/** Kills the CLI while it waits for the container to get healthy. Its plugins end by themselves. */
async function killInTheMiddle(stack: Stack): Promise<void> {
  const run = start(stack);
  await until(
    () =>
      docker
        .getContainer(stack.name)
        .inspect()
        .then(
          ({ State }) => State.Running,
          () => false,
        ),
    60_000,
  );
  run.kill("SIGKILL");
  await once(run, "close");
}

function start(stack: Stack) {
  const args = ["up", "--yes", "--skip-preview", "--non-interactive", "-s", stack.name];
  return spawn("pulumi", [...args, ...stack.configArguments], {
    cwd: stack.project,
    env: { ...process.env, ...stack.environment() },
    stdio: "ignore",
  });
}

async function until(holds: () => Promise<boolean>, deadlineMs: number): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${deadlineMs} ms`);
    await pause(50);
  }
}
