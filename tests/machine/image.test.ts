import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../support/containers.ts";
import type { Archive, Machine } from "../support/machine/machine.ts";
import {
  archiveOf,
  attachVolume,
  BUCKET,
  describeNode,
  describePortal,
  startMachine,
} from "../support/machine/machine.ts";
import { createObjects } from "../support/s3/objects.ts";

const image = archiveOf("an image");
const next = archiveOf("the next image");

test("an archive that holds another image never reaches Docker, and the old container goes on", async (t) => {
  const portal = await startMachine(t, "orders-portal-1");
  const { objects } = portal.s3;
  describePortal(objects, "orders-portal-1", image);
  await portal.boot();
  const before = await portal.reports("healthy", 240, ({ healthy }) => healthy);

  const other = archiveOf("somebody's image");
  describePortal(objects, "orders-portal-1", { ...next, text: other.text });
  await portal.wake();
  const refused = await portal.reports("refused", 240, ({ problem }) =>
    (problem ?? "").includes(`${next.key} holds ${other.id} instead of ${next.id}`),
  );

  assert.deepEqual(
    [refused.image, refused.state, refused.since],
    [image.id, "running", before.since],
  );
  const loads = async () =>
    (await portal.calls()).filter((call) => call.startsWith("docker load")).length;
  await portal.wake();
  await portal.reports("not fetched again", 240, ({ problem }) =>
    /still the same/.test(problem ?? ""),
  );
  assert.equal(await loads(), 1);

  const foreign = archiveOf("an image for another machine", "riscv64");
  describePortal(objects, "orders-portal-1", foreign);
  await portal.wake();
  await portal.reports("another architecture", 240, ({ problem }) =>
    /holds an image for riscv64, and this machine is/.test(problem ?? ""),
  );
  objects.remove(BUCKET, foreign.key);
  await portal.wake();
  await portal.reports("forgotten", 240, ({ problem }) =>
    (problem ?? "").includes(
      `${foreign.key} is not uploaded, or this machine is not allowed to read it`,
    ),
  );
  assert.equal(await loads(), 1);
  describePortal(objects, "orders-portal-1", next);

  await portal.wake();
  await portal.reports("the right one", 240, (now) => now.image === next.id && now.healthy);
  assert.equal(await loads(), 2);
});

test("a new image reaches the portals one after the other, each well before the next", async (t) => {
  const objects = createObjects();
  const key = "reported/orders/orders-portal-1/machine.json";
  const one = await startMachine(t, "orders-portal-1", objects);
  const two = await startMachine(t, "orders-portal-2", objects, key);
  const describe = (wanted: Archive) => {
    describePortal(objects, "orders-portal-1", wanted);
    describePortal(objects, "orders-portal-2", wanted, key);
  };
  describe(image);
  await Promise.all([one.boot(), two.boot()]);
  const before = await two.reports("healthy", 240, ({ healthy }) => healthy);
  await one.reports("healthy", 240, ({ healthy }) => healthy);

  const ill = archiveOf("an image that is ill");
  describe(ill);
  await Promise.all([one.wake(), two.wake()]);
  await one.reports("ill", 240, (now) => now.image === ill.id && !now.healthy);
  const waits = await two.reports("waiting", 240, ({ problem }) =>
    /waits for another machine: orders-portal-1 runs this image and is not healthy: it is unhealthy/.test(
      problem ?? "",
    ),
  );
  assert.deepEqual([waits.image, waits.since], [image.id, before.since]);

  describe(next);
  await Promise.all([one.wake(), two.wake()]);
  await one.reports("mended", 240, (now) => now.image === next.id && now.healthy);
  await two.wake();
  await two.reports("next", 240, (now) => now.image === next.id && now.healthy);
  const changes = async (machine: Machine) => {
    const at = (await machine.journal()).find(({ msg }) => msg.endsWith(`container of ${next.id}`));
    return Date.parse((at as unknown as { time: string }).time);
  };
  assert.ok((await changes(one)) < (await changes(two)));
});

test("memory is changed in place", async (t) => {
  const node = await startMachine(t, "orders-1");
  describeNode(node.s3.objects, image);
  await attachVolume(node);
  await node.boot();
  const before = await node.reports("healthy", 240, ({ healthy }) => healthy);

  describeNode(node.s3.objects, image, 2048);
  await node.wake();
  await until("more memory", 30, async () =>
    (await node.calls()).includes(
      "docker container update --memory 2048m --memory-swap 2048m portico",
    ),
  );

  assert.equal(node.reported()?.since, before.since);
});
