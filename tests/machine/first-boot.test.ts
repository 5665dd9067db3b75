import assert from "node:assert/strict";
import { test } from "node:test";

import { BUFFERS, PEERS } from "../../components/local/container.ts";
import { until } from "../support/containers.ts";
import {
  archiveOf,
  attachVolume,
  BUCKET,
  describeNode,
  SECRET,
  SERVICE,
  startMachine,
} from "../support/machine/machine.ts";

const image = archiveOf("a node's image");
const SYSCTL = `sysctl --write ${Object.entries({ ...PEERS, ...BUFFERS })
  .map(([name, value]) => `${name}=${value}`)
  .join(" ")}`;

test("a new node is brought up, and its second boot does nothing twice", async (t) => {
  const node = await startMachine(t, "orders-1");
  describeNode(node.s3.objects, image);
  await attachVolume(node);
  await node.sh("echo 1 > /stand-in/dnf-fails");

  await node.boot();
  const first = await node.reports("healthy", 240, ({ healthy }) => healthy);

  assert.equal(first.image, image.id);
  assert.equal(first.state, "running");
  assert.equal(first.why, "it is healthy");
  assert.match(first.service, /^[0-9a-f]{12}$/);
  await node.reports("no problem", 240, ({ problem }) => problem === null);
  const calls = await node.calls();
  const dnf = "dnf install --assumeyes --quiet docker e2fsprogs";
  assert.deepEqual(
    calls.filter((call) => !call.startsWith("docker run")),
    [
      ...["systemctl daemon-reload", "systemctl enable --now portico-machine.service"],
      SYSCTL,
      ...[dnf, dnf, "systemctl enable --now docker.service"],
      "docker load --quiet --input /var/lib/portico-machine/image.tar",
      ...calls.filter((call) => call.startsWith("docker image tag sha256:")),
    ],
  );
  const run = calls.find((call) => call.startsWith("docker run")) ?? "";
  for (const part of [
    "--restart unless-stopped --stop-timeout 70",
    "--shm-size 512m --pids-limit 4096",
    "--network host",
    "--read-only --tmpfs /run --tmpfs /tmp",
    "--cap-drop ALL --cap-add SETGID --cap-add SETUID",
    "--security-opt no-new-privileges:true",
    "--memory 1024m --memory-swap 1024m",
    "--ulimit nofile=65536:65536",
    "--mount type=bind,src=/etc/portico/node,dst=/etc/portico/node,readonly",
    "--mount type=volume,src=portico-data,dst=/var/lib/portico,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=/var/lib/portico-data/data",
  ])
    assert.ok(run.includes(part), `${part} in ${run}`);
  assert.equal(
    await node.sh("cd /etc/portico && stat -c '%a %U %n' . machine.env node node/*"),
    "700 root .\n600 root machine.env\n755 root node\n644 root node/node.json\n644 root node/secrets.json\n",
  );
  assert.match(await node.sh("findmnt -no FSTYPE,OPTIONS /var/lib/portico-data"), /^ext4 .*nodev/);
  await node.sh("echo kept > /var/lib/portico-data/data/row");
  const made = await node.sh("blkid -o value -s UUID /dev/disk/by-id/*");
  assert.equal(
    await node.sh("ls /var/lib/portico-machine | grep -E '[.](tar|new)$|formatting' || true"),
    "",
  );

  await node.reboot();
  await node.reports(
    "running again",
    240,
    ({ healthy, since }) => healthy && since !== first.since,
  );

  assert.deepEqual((await node.calls()).slice(calls.length), [
    ...["systemctl daemon-reload", "systemctl enable --now portico-machine.service"],
    SYSCTL,
    "docker container start portico",
  ]);
  assert.equal(await node.sh("cat /var/lib/portico-data/data/row"), "kept\n");
  assert.equal(await node.sh("blkid -o value -s UUID /dev/disk/by-id/*"), made);
  const journal = JSON.stringify(await node.journal());
  assert.match(journal, /dnf install: Error: Failed to download .* 403; next try in 2 s/);
  assert.ok(!journal.includes(SECRET) && !JSON.stringify(node.reported()).includes(SECRET));
});

test("killed again and again on its way, the service gets there all the same, once", async (t) => {
  const node = await startMachine(t, "orders-1");
  describeNode(node.s3.objects, image);
  await attachVolume(node);

  await node.boot();
  for (let times = 0; times < 6; times++) {
    await node.sh(`sleep ${1.2 + times * 0.3}; kill -9 $(cat /stand-in/service.pid) || true`);
  }
  await node.reports("healthy", 240, ({ healthy, problem }) => healthy && problem === null);

  const calls = await node.calls();
  assert.equal(calls.filter((call) => call.startsWith("docker run")).length, 1);
});

test("SIGTERM ends the service at once, and what runs goes on", async (t) => {
  const node = await startMachine(t, "orders-1");
  describeNode(node.s3.objects, image);
  await attachVolume(node);
  await node.boot();
  await node.reports("healthy", 240, ({ healthy }) => healthy);

  const started = performance.now();
  await node.sh(
    "kill $(cat /stand-in/service.pid); tail --pid=$(cat /stand-in/service.pid) -f /dev/null",
  );
  const took = performance.now() - started;

  // Less than what Docker gives a container to stop.
  assert.ok(took < 8000, `${took} ms`);
  assert.match(await node.sh("cat /stand-in/container.json"), /"Status": "running"/);
});

test("a newer service is taken over without a reboot, and one that is damaged is not", async (t) => {
  const node = await startMachine(t, "orders-1");
  describeNode(node.s3.objects, image);
  await attachVolume(node);
  await node.boot();
  const first = await node.reports("healthy", 240, ({ healthy }) => healthy);
  const archive = node.s3.objects.get(BUCKET, SERVICE)?.body ?? Buffer.alloc(0);

  const damaged = Buffer.from(archive);
  damaged.write("?", 200);
  node.s3.objects.put(BUCKET, SERVICE, damaged);
  await node.wake();
  await until("it is said", 90, async () =>
    (await node.journal()).some(({ msg }) =>
      /in it is damaged; the one from before runs/.test(msg),
    ),
  );
  await node.sh("rm /stand-in/container.json");
  await node.reports("made again", 240, ({ since }) => since !== null && since !== first.since);
  // A comment at the end of a zip is another file to everybody but Python.
  const newer = Buffer.concat([archive, Buffer.from("\0\0new\0")]);
  newer.writeUInt16LE(6, archive.length - 2);
  node.s3.objects.put(BUCKET, SERVICE, newer);
  await node.wake();
  await node.reports("new", 240, ({ service, healthy }) => service !== first.service && healthy);

  const runs = (await node.calls()).filter((call) => call.startsWith("docker run"));
  assert.equal(runs.length, 2);
});
