import assert from "node:assert/strict";
import { test } from "node:test";

import {
  archiveOf,
  attachVolume,
  describeNode,
  SERIAL,
  startMachine,
  volumeDigest,
} from "../support/machine/machine.ts";

const image = archiveOf("a node's image");

test("a volume that comes late is waited for, and one that has data is mounted as it is", async (t) => {
  const node = await startMachine(t, "orders-1");
  describeNode(node.s3.objects, image);
  await node.boot();
  await node.reports("waiting", 240, ({ problem }) =>
    new RegExp(`waits for volume ${SERIAL}: .* is not there`).test(problem ?? ""),
  );

  const row = "mkdir /was; mount $d /was; mkdir /was/data; echo kept > /was/data/row; umount /was";
  await attachVolume(node, `mkfs.ext4 -q -U 11111111-2222-3333-4444-555555555555 $d; ${row}`);
  await node.reports("healthy", 240, ({ healthy }) => healthy);

  assert.equal(await node.sh("cat /var/lib/portico-data/data/row"), "kept\n");
  const uuid = await node.sh("blkid -p -o value -s UUID /dev/disk/by-id/*");
  assert.equal(uuid, "11111111-2222-3333-4444-555555555555\n");
});

const FOREIGN: Readonly<Record<string, { readonly fill: string; readonly why: RegExp }>> = {
  "bytes that are no file system": {
    fill: "echo 'rows of somebody' | dd of=$d bs=1 seek=700000 conv=notrunc status=none",
    why: /is not formatted: its first MiB holds bytes that are no file system/,
  },
  "a swap space": { fill: "mkswap -q $d", why: /holds swap, which is neither mounted nor over/ },
  "a partition table": {
    fill: "printf 'label: gpt\\n,,\\n' | sfdisk --quiet --no-reread $d",
    why: /holds a partition table \(gpt\), which is neither/,
  },
};

for (const [what, { fill, why }] of Object.entries(FOREIGN))
  test(`a volume that holds ${what} is neither formatted nor mounted, and nothing starts`, async (t) => {
    const node = await startMachine(t, "orders-1");
    describeNode(node.s3.objects, image);
    await attachVolume(node, fill);
    const before = await volumeDigest(node);

    await node.boot();
    const reported = await node.reports("refused", 240, ({ problem }) => why.test(problem ?? ""));

    assert.equal(reported.state, "absent");
    assert.equal(await volumeDigest(node), before);
    assert.ok(!(await node.calls()).some((call) => call.startsWith("docker run")));
  });

test("a file system that was half made when the power went is made again, on that volume alone", async (t) => {
  const node = await startMachine(t, "orders-1");
  describeNode(node.s3.objects, image);
  const half = "echo half | dd of=$d bs=1 seek=4096 conv=notrunc status=none";
  await attachVolume(node, `${half}; mkdir -p /var/lib/portico-machine`);
  const mark = (serial: string) =>
    node.sh(`printf ${serial} > /var/lib/portico-machine/formatting`);

  await mark("vol00000000");
  await node.boot();
  await node.reports("refused", 240, ({ problem }) => /is not formatted/.test(problem ?? ""));
  await mark(SERIAL);
  await node.reports("healthy", 240, ({ healthy }) => healthy);

  assert.doesNotMatch(await node.sh("ls /var/lib/portico-machine"), /formatting/);
});
