import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { exec, until } from "../support/containers.ts";
import { LONGEST_HOLD, longestWait, refused } from "../support/load.ts";
import type { Record } from "../support/writer.ts";
import { load, lostRows, readOnly } from "./load.ts";
import {
  addressOf,
  bothSwitched,
  clientsAt,
  container,
  engine,
  leader,
  leaderAfter,
  logLines,
  NODES,
  whole,
} from "./orders.ts";

beforeEach(() => whole());

test("a planned switchover loses no row, refuses nobody, and answers no write as read-only", async (t) => {
  const old = await leader();
  const began = Date.now();
  const writers = load(t);
  await writers.firstAck();

  const { code, output } = await exec(container(old), ["patronictl", "switchover", "--force"]);
  assert.equal(code, 0, output);
  await leaderAfter(old);
  await writers.firstAck();
  await bothSwitched(old, began);
  await sleep(100);
  assert.equal(await clientsAt(old), 0);
  const record = await writers.stop();

  assert.deepEqual(await lostRows(record), []);
  assert.deepEqual(refused(record), []);
  assert.deepEqual(readOnly(record), []);
  await until("the log line of the switch", 5, async () => {
    const lines = await logLines("orders-portal-1", began);
    return lines.find(({ oldLeader, newLeader }) => oldLeader === old && newLeader !== undefined);
  });
});

test("docker kill of the leader: no acknowledged row is lost, and who comes after the death waits instead of failing", async (t) => {
  const old = await leader();
  const writers = load(t);
  await writers.firstAck();

  await engine.getContainer(container(old)).kill();
  const died = performance.now();
  await leaderAfter(old);
  await writers.firstAck();
  const record = await writers.stop();
  await engine.getContainer(container(old)).start();

  assert.deepEqual(await lostRows(record), []);
  assert.deepEqual(refused(record, died + 10), []);
  assert.deepEqual(readOnly(record), []);
});

test("a leader frozen for 4 s loses no session", async (t) => {
  const old = await leader();
  const writers = load(t);
  await writers.firstAck();

  await engine.getContainer(container(old)).pause();
  await sleep(4000);
  await engine.getContainer(container(old)).unpause();
  await writers.firstAck();
  const record = await writers.stop();

  assert.deepEqual(record.failures, []);
  assert.equal(await leader(), old);
});

/** Waits until the cluster follows another leader than `old`, and for what the old one does after its fault is lifted. */
async function followed(
  old: string,
  writers: ReturnType<typeof load>,
  lift: () => Promise<unknown>,
): Promise<{ readonly record: Record; readonly lateAtOld: Record["acknowledged"] }> {
  const address = await addressOf(old);
  await leaderAfter(old);
  await writers.firstAck();
  const switched = performance.now();
  await lift();
  await sleep(2000);
  await writers.firstAck();
  const record = await writers.stop();
  const longest = longestWait(record);
  assert.ok(longest < LONGEST_HOLD, `somebody waited for ${longest} ms`);
  const lateAtOld = record.acknowledged.filter(
    ({ at, server }) => at > switched && server === address,
  );
  return { record, lateAtOld };
}

test("a leader frozen beyond its lease is cut, loses no acknowledged row, and gets nothing back when it wakes up", async (t) => {
  const old = await leader();
  const writers = load(t);
  await writers.firstAck();

  const frozen = performance.now();
  await engine.getContainer(container(old)).pause();
  const { record, lateAtOld } = await followed(old, writers, () =>
    engine.getContainer(container(old)).unpause(),
  );

  assert.deepEqual(lateAtOld, []);
  assert.deepEqual(await lostRows(record), []);
  // Until the portal has noticed, which takes it less than a second, clients are connected to the frozen one.
  assert.deepEqual(refused(record, frozen + 1000), []);
  assert.deepEqual(readOnly(record), []);
});

test("Patroni alone frozen: the old leader is cut when its lease ends, and acknowledges nothing after the switch", async (t) => {
  const old = await leader();
  const writers = load(t);
  await writers.firstAck();

  const began = Date.now();
  await exec(container(old), ["pkill", "-STOP", "-f", "bin/patroni"], "postgres");
  await leaderAfter(old);
  await bothSwitched(old, began);
  await sleep(100);
  assert.equal(await clientsAt(old), 0, "its PostgreSQL lives, and takes writes from whom it has");
  const { record, lateAtOld } = await followed(old, writers, () =>
    exec(container(old), ["pkill", "-CONT", "-f", "bin/patroni"], "postgres"),
  );

  assert.deepEqual(lateAtOld, []);
  assert.deepEqual(await lostRows(record), []);
});

test("etcd lost on every node for 9 s: no session is lost, and none when it comes back", async (t) => {
  const old = await leader();
  const writers = load(t);
  await writers.firstAck();

  await Promise.all(
    NODES.map((node) => exec(container(node), ["pkill", "-STOP", "-x", "etcd"], "etcd")),
  );
  await sleep(9000);
  await Promise.all(
    NODES.map((node) => exec(container(node), ["pkill", "-CONT", "-x", "etcd"], "etcd")),
  );
  await sleep(6000);
  await writers.firstAck();
  const record = await writers.stop();

  assert.deepEqual(record.failures, []);
  assert.equal(await leader(), old);
});

test("in pause a leader that loses its key, but whose PostgreSQL serves, loses no session", async (t) => {
  const old = await leader();
  const writers = load(t);
  await writers.firstAck();

  await exec(container(old), ["patronictl", "pause", "--wait"]);
  const began = Date.now();
  try {
    await exec(container(old), ["pkill", "-STOP", "-f", "bin/patroni"], "postgres");
    // Its lease is 20 s.
    await until("a portal holds newcomers, for the key is gone", 40, async () =>
      (await logLines("orders-portal-1", began)).some(({ msg }) =>
        /^New connections wait, old sessions stay/.test(String(msg)),
      ),
    );
    await sleep(3000);
  } finally {
    await exec(container(old), ["pkill", "-CONT", "-f", "bin/patroni"], "postgres");
    await writers.firstAck();
    await exec(container(old), ["patronictl", "resume", "--wait"]);
  }
  await writers.firstAck();
  const record = await writers.stop();

  assert.deepEqual(record.failures, []);
  assert.equal(await leader(), old);
});
