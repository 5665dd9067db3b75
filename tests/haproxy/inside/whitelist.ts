import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { ask } from "../../../proxy-image/src/apply/conversation.ts";
import { until } from "../../support/until.ts";
import { createLab, type Lab, nodeBehind, openClient, wantedOf } from "../lab.ts";

const open = (list: readonly string[] | undefined) => wantedOf("orders-1", ["orders-1"], list);

async function openLab(t: Parameters<typeof createLab>[0]): Promise<Lab> {
  const lab = await createLab(t);
  lab.agent.vouched.add("primary/orders-1").add("replica/orders-1");
  await lab.settle(open(["127.0.0.0/8"]));
  return lab;
}

/** Gives loopback an address, which takes NET_ADMIN. The image has no `ip`. */
function addAddress(address: string): void {
  const script = `use Socket qw(:DEFAULT inet_pton AF_INET6); socket(S, AF_INET6, SOCK_DGRAM, 0) or die $!;
    ioctl(S, 0x8916, pack("a16 L l", inet_pton(AF_INET6, $ARGV[0]), 128, 1)) or $!{EEXIST} or die $!;`;
  execFileSync("perl", ["-MErrno", "-e", script, address]);
}

test("an empty list lets nobody in, on any endpoint", async (t) => {
  const lab = await openLab(t);
  assert.equal(await nodeBehind(lab.port("primary")), "orders-1");

  await lab.settle(open([]));

  assert.equal(await nodeBehind(lab.port("primary")), undefined);
  assert.equal(await nodeBehind(lab.port("replica")), undefined);
  await assert.rejects(fetch(`http://127.0.0.1:${lab.port("status")}/status`));
});

test("one entry more or less changes who gets in, without a reload, and outlives a restart", async (t) => {
  const lab = await openLab(t);
  const { worker } = await lab.actual();
  const stranger = "127.0.0.77";

  await lab.settle(open(["127.0.0.1/32"]));
  assert.equal(await nodeBehind(lab.port("primary")), "orders-1");
  assert.equal(await nodeBehind(lab.port("primary"), stranger), undefined);

  await lab.settle(open(["127.0.0.1/32", "127.0.0.77/32"]));
  assert.equal(await nodeBehind(lab.port("primary"), stranger), "orders-1");

  assert.equal((await lab.actual()).worker, worker);
  const file = readFileSync(join(lab.folder, "whitelist.lst"), "utf8");
  assert.equal(file, "127.0.0.1/32\n127.0.0.77/32\n");
});

test("open to everybody and back needs no reload", async (t) => {
  const lab = await openLab(t);
  await lab.settle(open([]));
  await lab.settle(open(undefined));
  assert.equal(await nodeBehind(lab.port("primary")), "orders-1");
  await lab.settle(open([]));
  assert.equal(await nodeBehind(lab.port("primary")), undefined);
});

test("an entry that goes cuts its live sessions at once, and nobody else's", async (t) => {
  const lab = await openLab(t);
  const stays = openClient(lab.port("primary"), "127.0.0.5");
  const goes = openClient(lab.port("primary"), "127.0.0.6");
  const reads = openClient(lab.port("replica"), "127.0.0.6");
  await Promise.all([stays.node, goes.node, reads.node]);

  const since = performance.now();
  await lab.apply(open(["127.0.0.1/32", "127.0.0.5/32"]));
  await Promise.all([goes.ended, reads.ended]);

  assert.ok(performance.now() - since < 1_000);
  assert.ok(stays.live());
  const told = await until("the swap is told", 1_000, () =>
    lab.events.find((event) => event.kind === "whitelist-in-force" && event.entries === 2),
  );
  assert.deepEqual(
    told.kind === "whitelist-in-force" &&
      told.revoked.toSorted((a, b) => (a.endpoint < b.endpoint ? -1 : 1)),
    [
      { endpoint: "primary", source: "127.0.0.6", sessions: 1 },
      { endpoint: "replica", source: "127.0.0.6", sessions: 1 },
    ],
  );
  stays.socket.destroy();
});

test("an IPv4 entry lets no IPv6 source in that only spells the same digits", async (t) => {
  const lab = await openLab(t);
  // 10.9.8.7 is on the list; HAProxy alone would take these two for it.
  for (const alias of ["::10.9.8.7", "2002:a09:807::1"]) {
    addAddress(alias);
    await lab.settle(open(["10.9.8.7/32", "127.0.0.0/8"]));
    assert.equal(await nodeBehind(lab.port("primary"), alias, alias), undefined, alias);
  }
  addAddress("fd00::5");
  await lab.settle(open(["127.0.0.0/8", "fd00::/8"]));
  assert.equal(await nodeBehind(lab.port("primary"), "fd00::5", "fd00::5"), "orders-1");
});

test("refused sources are counted by endpoint, once each, and not those let in", async (t) => {
  const lab = await openLab(t);
  await lab.settle(open(["127.0.0.1/32"]));
  await nodeBehind(lab.port("primary"), "127.0.0.1");
  for (let time = 0; time < 3; time++) await nodeBehind(lab.port("primary"), "127.0.0.66");
  await nodeBehind(lab.port("replica"), "127.0.0.67");

  const reading = await lab.haproxy.denied();

  assert.deepEqual(reading, {
    kind: "denied",
    sources: [
      { endpoint: "primary", source: "127.0.0.66", count: 3 },
      { endpoint: "replica", source: "127.0.0.67", count: 1 },
    ],
  });
  await nodeBehind(lab.port("primary"), "127.0.0.66");
  assert.deepEqual(await lab.haproxy.denied(), {
    kind: "denied",
    sources: [{ endpoint: "primary", source: "127.0.0.66", count: 1 }],
  });
});

test("20,000 entries are swapped while switches go on at their usual speed", async (t) => {
  const lab = await openLab(t);
  lab.agent.vouched.add("primary/orders-2");
  const many = Array.from({ length: 20_000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
  const list = [...many, "127.0.0.0/8"].sort();
  const swaps = () => lab.events.filter(({ kind }) => kind === "whitelist-in-force").length;
  const before = swaps();
  await lab.apply(wantedOf("orders-2", ["orders-1"], list));
  let slowest = 0;
  for (let flip = 0; swaps() === before; flip++) {
    const since = performance.now();
    await lab.apply(wantedOf(flip % 2 === 0 ? "orders-1" : "orders-2", ["orders-1"], list));
    slowest = Math.max(slowest, performance.now() - since);
    assert.ok(flip < 5_000, "the swap never ends");
  }
  assert.ok(slowest < 250, `a switch took ${slowest} ms`);
  await lab.settle(wantedOf("orders-1", ["orders-1"], list));
  const reply = await ask(lab.adminSocket, ["show acl"], { deadlineMs: 1_000 });
  assert.match(reply.kind === "reply" ? (reply.blocks[0] ?? "") : "", /entry_cnt=20001/);
});

test("a swap that broke off half-way is followed by a whole one, with one version open", async (t) => {
  const lab = await openLab(t);
  const file = join(lab.folder, "whitelist.lst");
  const half = [`prepare acl ${file}`, `add acl @99 ${file} 0.0.0.0/0`];
  await ask(lab.adminSocket, half, { deadlineMs: 1_000 });

  await lab.settle(open(["127.0.0.9/32"]));

  assert.equal(await nodeBehind(lab.port("primary"), "127.0.0.9"), "orders-1");
  assert.equal(await nodeBehind(lab.port("primary"), "127.0.0.10"), undefined);
  const reply = await ask(lab.adminSocket, ["show acl"], { deadlineMs: 1_000 });
  const line =
    reply.kind === "reply" &&
    /whitelist.lst\).*curr_ver=(\d+) next_ver=(\d+) entry_cnt=1$/m.exec(reply.blocks[0] ?? "");
  assert.ok(line && line[1] === line[2], "two versions are open");
});
