import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { beforeEach, test } from "node:test";

import { exec, until } from "../support/containers.ts";
import type { Record } from "../support/writer.ts";
import { startWriter } from "../support/writer.ts";
import {
  ask,
  container,
  engine,
  leader,
  logLines,
  NODES,
  query,
  targets,
  whole,
} from "./orders.ts";

beforeEach(() => whole());

const NEW_CONNECTIONS = { sessions: 2, everyWrite: true } as const;
const OLD_CONNECTIONS = { sessions: 4 } as const;

/** Writers through both portals: some that keep their session, some that open one for each write. */
function load() {
  const keeping = startWriter(targets("primary"), "written", OLD_CONNECTIONS);
  const connecting = startWriter(targets("primary"), "written", NEW_CONNECTIONS);
  return {
    firstAck: () => Promise.all([keeping.nextAck(60_000), connecting.nextAck(60_000)]),
    stop: async (): Promise<Record> => {
      const [a, b] = await Promise.all([keeping.stop(), connecting.stop()]);
      return {
        acknowledged: [...a.acknowledged, ...b.acknowledged],
        failures: [...a.failures, ...b.failures],
      };
    },
  };
}

async function lostRows({ acknowledged }: Record): Promise<readonly string[]> {
  const rows = new Set((await query("SELECT id FROM written")).map(({ id }) => id));
  return acknowledged.map(({ id }) => id).filter((id) => !rows.has(id));
}

const refused = ({ failures }: Record, from = 0) =>
  failures.filter(({ during, begun }) => during === "connect" && begun >= from);

const readOnly = ({ failures }: Record) => failures.filter(({ code }) => code === "25006");

test("a planned switchover loses no row, refuses nobody, and answers no write as read-only", async () => {
  const old = await leader();
  const began = Date.now();
  const writers = load();
  await writers.firstAck();

  const { code, output } = await exec(container(old), ["patronictl", "switchover", "--force"]);
  assert.equal(code, 0, output);
  await until("another leader", 60, async () => (await leader()) !== old);
  await writers.firstAck();
  const record = await writers.stop();

  assert.deepEqual(await lostRows(record), []);
  assert.deepEqual(refused(record), []);
  assert.deepEqual(readOnly(record), []);
  await until("the log line of the switch", 5, async () => {
    const lines = await logLines("orders-portal-1", began);
    return lines.find(({ oldLeader, newLeader }) => oldLeader === old && newLeader !== undefined);
  });
});

test("docker kill of the leader: no acknowledged row is lost, and who comes after the death waits instead of failing", async () => {
  const old = await leader();
  const writers = load();
  await writers.firstAck();

  await engine.getContainer(container(old)).kill();
  const died = performance.now();
  await until("another leader", 60, async () => (await leader()) !== old);
  await writers.firstAck();
  const record = await writers.stop();
  await engine.getContainer(container(old)).start();

  assert.deepEqual(await lostRows(record), []);
  assert.deepEqual(refused(record, died + 10), []);
  assert.deepEqual(readOnly(record), []);
});

test("a leader frozen for 4 s loses no session", async () => {
  const old = await leader();
  const writers = load();
  await writers.firstAck();

  await engine.getContainer(container(old)).pause();
  await new Promise((resolve) => setTimeout(resolve, 4000));
  await engine.getContainer(container(old)).unpause();
  await writers.firstAck();
  const record = await writers.stop();

  assert.deepEqual(record.failures, []);
  assert.equal(await leader(), old);
});

test("Patroni alone frozen: the old leader is cut when its lease ends, and acknowledges nothing after the switch", async () => {
  const old = await leader();
  const address = await ask(old, "SELECT 1").then(() => addressOf(old));
  const writers = load();
  await writers.firstAck();

  await exec(container(old), ["pkill", "-STOP", "-f", "bin/patroni"], "postgres");
  const next = await until("another leader", 60, async () => {
    const now = await leader();
    return now !== old && now;
  });
  await writers.firstAck();
  const switched = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 2000));
  await exec(container(old), ["pkill", "-CONT", "-f", "bin/patroni"], "postgres");
  const record = await writers.stop();

  assert.ok(NODES.some((node) => node === next));
  const late = record.acknowledged.filter(({ at, server }) => at > switched && server === address);
  assert.deepEqual(late, []);
  assert.deepEqual(await lostRows(record), []);
});

test("etcd lost on every node for 9 s: no session is lost, and none when it comes back", async () => {
  const old = await leader();
  const writers = load();
  await writers.firstAck();

  await Promise.all(
    NODES.map((node) => exec(container(node), ["pkill", "-STOP", "-x", "etcd"], "etcd")),
  );
  await new Promise((resolve) => setTimeout(resolve, 9000));
  await Promise.all(
    NODES.map((node) => exec(container(node), ["pkill", "-CONT", "-x", "etcd"], "etcd")),
  );
  await new Promise((resolve) => setTimeout(resolve, 6000));
  await writers.firstAck();
  const record = await writers.stop();

  assert.deepEqual(record.failures, []);
  assert.equal(await leader(), old);
});

test("in pause a leader that PostgreSQL confirms is not cut", async () => {
  const writers = load();
  await writers.firstAck();

  await exec(container(NODES[0]), ["patronictl", "pause", "--wait"]);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  await exec(container(NODES[0]), ["patronictl", "resume", "--wait"]);
  await writers.firstAck();
  const record = await writers.stop();

  assert.deepEqual(record.failures, []);
});

async function addressOf(node: string): Promise<string> {
  const { NetworkSettings } = await engine.getContainer(container(node)).inspect();
  return Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? "";
}
