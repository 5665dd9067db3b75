import assert from "node:assert/strict";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { execa } from "execa";
import { inserting } from "../../engines/postgresql/tests/client.ts";
import { followsItsLeader } from "../engines/conformance.ts";
import { execWell, until } from "../support/containers.ts";
import { load, lostRows } from "./load.ts";
import {
  addressOf,
  bothSwitched,
  clientsAt,
  container,
  leader,
  leaderAfter,
  logLines,
  NODES,
  orders,
  query,
  whole,
} from "./orders.ts";

const etcd = (signal: string) => () =>
  Promise.all(
    NODES.map((node) => execWell(container(node), ["pkill", `-${signal}`, "-x", "etcd"], "etcd")),
  ).then(() => {});

followsItsLeader({
  cluster: orders,
  driver: inserting("written"),
  written: async () => new Set((await query("SELECT id FROM written")).map(({ id }) => String(id))),
  whole,
  leader,
  switchover: async (old) => {
    await execWell(container(old), ["patronictl", "switchover", "--force"]);
  },
  evidence: { lose: etcd("STOP"), giveBack: etcd("CONT") },
  isMisrouted: ({ code }) => code === "25006",
  sessionsOn: clientsAt,
  ridesOut: 4000,
});

test("`npx portico switchover` hands over, and says what each portal saw", async () => {
  await until("a whole cluster", 180, whole);
  const { stdout } = await execa(
    "node",
    [
      join(orders.stack.project, "tools/portico.js"),
      "switchover",
      orders.name,
      "--name",
      orders.prefix,
    ],
    { timeout: 180_000 },
  );
  const followed =
    /^✓ \S+-portal-[12]: orders-\d leads instead of orders-\d \(epoch \S+\): new connections waited \d+ ms; the portal cut \d+ sessions, any others had ended with the old leader; /gm;
  assert.equal(stdout.match(followed)?.length, orders.portals.length, stdout);
});

test("Patroni alone frozen: the old leader is cut when its lease ends, and acknowledges nothing after the switch", async (t) => {
  const old = await leader();
  const writers = load(t);
  await writers.firstAck();

  const began = Date.now();
  await execWell(container(old), ["pkill", "-STOP", "-f", "bin/patroni"], "postgres");
  await leaderAfter(old);
  await bothSwitched(old, began);
  await sleep(100);
  assert.equal(await clientsAt(old), 0, "its PostgreSQL lives, and takes writes from whom it has");
  const address = await addressOf(old);
  await writers.firstAck();
  const switched = performance.now();
  await execWell(container(old), ["pkill", "-CONT", "-f", "bin/patroni"], "postgres");
  await sleep(2000);
  await writers.firstAck();
  const record = await writers.stop();

  assert.deepEqual(
    record.acknowledged.filter(({ at, server }) => at > switched && server === address),
    [],
  );
  assert.deepEqual(await lostRows(record), []);
});

test("in pause a leader that loses its key, but whose PostgreSQL serves, loses no session", async (t) => {
  const old = await leader();
  const writers = load(t);
  await writers.firstAck();

  await execWell(container(old), ["patronictl", "pause", "--wait"]);
  const began = Date.now();
  try {
    await execWell(container(old), ["pkill", "-STOP", "-f", "bin/patroni"], "postgres");
    // Its lease is 20 s.
    await until("a portal holds newcomers, for the key is gone", 40, async () =>
      (await logLines("orders-portal-1", began)).some(({ msg }) =>
        /^New connections wait, old sessions stay/.test(String(msg)),
      ),
    );
    await sleep(3000);
  } finally {
    await execWell(container(old), ["pkill", "-CONT", "-f", "bin/patroni"], "postgres");
    await writers.firstAck();
    await execWell(container(old), ["patronictl", "resume", "--wait"]);
  }
  await writers.firstAck();
  const record = await writers.stop();

  assert.deepEqual(record.failures, []);
  assert.equal(await leader(), old);
});
