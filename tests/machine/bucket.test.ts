import assert from "node:assert/strict";
import { test } from "node:test";

import { until } from "../support/containers.ts";
import type { Machine } from "../support/machine/machine.ts";
import {
  archiveOf,
  attachVolume,
  BUCKET,
  describeNode,
  putMachine,
  startMachine,
} from "../support/machine/machine.ts";

const image = archiveOf("a node's image");

async function running(machine: Machine) {
  describeNode(machine.s3.objects, image);
  await attachVolume(machine);
  await machine.boot();
  return machine.reports("healthy", 240, ({ healthy, problem }) => healthy && problem === null);
}

const reports = (machine: Machine, seconds: number, pattern: RegExp) =>
  until(`${pattern}`, seconds, async () => {
    const journal = await machine.journal();
    if (journal.some(({ msg }) => pattern.test(msg))) return true;
    throw new Error(JSON.stringify(journal.slice(-5), null, 2));
  });

test("a first boot without the bucket tries again ever more slowly, says why, and goes on once it is there", async (t) => {
  const node = await startMachine(t, "orders-1");
  describeNode(node.s3.objects, image);
  await attachVolume(node);
  node.s3.fault = { kind: "status", status: 403, code: "AccessDenied" };

  await node.boot();
  const which = "s3://portico-test/machine/portico-machine can't be fetched: An error occurred";
  for (const wait of [2, 4])
    await reports(node, 30, new RegExp(`^${which} \\(AccessDenied\\).*; next try in ${wait} s$`));
  await node.s3.close();
  await reports(
    node,
    30,
    /Could not connect to the endpoint URL.*; next try in \d+ s$|IMDS|credentials/,
  );
  node.s3.fault = null;
  await node.s3.open();

  await node.reports("healthy", 240, ({ healthy }) => healthy);
});

test("without the bucket what runs goes on, also over a reboot", async (t) => {
  const node = await startMachine(t, "orders-1");
  const { since } = await running(node);

  await node.s3.close();
  await node.wake();
  await reports(node, 30, /^S3 list-objects-v2 orders\/orders-1\/: .*; next try in 2 s$/);
  const runs = new RegExp(`image:${image.id.replace("sha256:", "")}".*"running"`);
  assert.match(await node.sh("cat /stand-in/container.json"), runs);
  await node.reboot();
  await reports(node, 60, /can't be fetched: .*; the one from before runs$/);
  await until("the container runs", 60, async () =>
    /"running"/.test(await node.sh("cat /stand-in/container.json")),
  );
  await node.s3.open();

  await node.reports("back", 120, (now) => now.since !== since && now.problem === null);
});

const BROKEN: readonly (readonly [what: string, text: string, why: RegExp])[] = [
  ["cut off", '{ "contract": 1, "role": "no', /is not JSON: Unterminated string/],
  ["of a newer contract", '{ "contract": 2 }', /has contract 2, this service reads 1/],
  ["with an unknown key", '{ "contract": 1, "imagee": 1 }', /role must be.*'imagee' not known/],
];

test("a machine.json that can't be used changes nothing, and is named", async (t) => {
  const node = await startMachine(t, "orders-1");
  const before = await running(node);

  for (const [, text, why] of BROKEN) {
    node.s3.objects.put(BUCKET, "orders/orders-1/machine.json", text);
    await node.wake();
    const now = await node.reports(`${why}`, 60, ({ problem }) => why.test(problem ?? ""));
    assert.match(now.problem ?? "", /; what runs goes on/);
    assert.deepEqual([now.healthy, now.since], [true, before.since]);
  }
  node.s3.objects.remove(BUCKET, "orders/orders-1/machine.json");
  await node.wake();
  await node.reports("gone", 240, ({ problem }) =>
    /is not in the bucket; what/.test(problem ?? ""),
  );
  putMachine(node.s3.objects, "orders-1", {
    ...{ role: "node", image: image.id, memory: 1024 },
    volume: { serial: "vol0123456789abcdef0", mount: "/var/lib/portico-data" },
  });

  await node.wake();
  const now = await node.reports("mended", 240, ({ problem }) => problem === null);
  assert.equal(now.since, before.since);
});

test("files follow the bucket as a whole set: changed, added, removed, and nothing of a broken one", async (t) => {
  const node = await startMachine(t, "orders-1");
  await running(node);
  const put = (name: string, text: string) =>
    node.s3.objects.put(BUCKET, `orders/orders-1/files/${name}`, text);
  const held = () => node.sh("cd /etc/portico/node && grep -r . . | sort");
  const before = await held();

  node.s3.fault = { kind: "truncated", missing: 3, only: "GET" };
  put("server.crt", "a new certificate");
  put("node.json", '{"contract":1,"memory":1}');
  await node.wake();
  await reports(node, 60, /list-objects-v2|get-object/);
  assert.equal(await held(), before);
  node.s3.fault = null;
  node.s3.objects.remove(BUCKET, "orders/orders-1/files/secrets.json");
  await node.wake();

  await until("the new set", 60, async () => {
    const now = await held();
    return now === './node.json:{"contract":1,"memory":1}\n./server.crt:a new certificate\n';
  });
});
