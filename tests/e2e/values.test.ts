import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { inserting } from "../../engines/postgresql/tests/client.ts";
import type { Outputs } from "../support/cluster.ts";
import { startWriter } from "../support/writer.ts";
import { lostRows } from "./load.ts";
import {
  container,
  engine,
  NODES,
  orders,
  query,
  running,
  targets,
  upWith,
  whole,
} from "./orders.ts";

// Last of the files: a portal more stays.

beforeEach(() => whole());

const writer = (t: Parameters<typeof startWriter>[0]) =>
  startWriter(t, targets("primary"), inserting("written"), { sessions: 4 });

const memories = (): Promise<readonly number[]> =>
  Promise.all(
    NODES.map(async (node) => {
      const { HostConfig } = await engine.getContainer(container(node)).inspect();
      return (HostConfig.Memory ?? 0) / 2 ** 20;
    }),
  );

/** What a portal alone follows. */
const FOLLOWED = {
  hold: ["120s", "2s"],
  silence: ["60s", "5s"],
  drain: ["120s", "1s"],
  maxLag: ["1GiB", "1MiB"],
};

test("the portals' times and limits go up and down: no session ends, no container is touched", async (t) => {
  const before = await running();
  const written = writer(t);
  await written.nextAck(30_000);

  for (const at of [0, 1])
    await upWith(Object.fromEntries(Object.entries(FOLLOWED).map(([key, v]) => [key, v[at]])));
  await upWith({});
  await written.nextAck(30_000);

  const record = await written.stop();
  assert.deepEqual(record.failures, []);
  assert.deepEqual(await lostRows(record), []);
  assert.deepEqual(await running(), before);
});

test("an endpoint goes and comes back under its port: the other one's sessions go on", async (t) => {
  const before = await running();
  const written = writer(t);
  await written.nextAck(30_000);

  await upWith({ endpoints: ["primary"] });
  await assert.rejects(query("SELECT 1", "replica"));
  await upWith({});
  const [row] = await query("SELECT pg_is_in_recovery() AS replica", "replica");

  assert.equal(row?.replica, true);
  const record = await written.stop();
  assert.deepEqual(record.failures, []);
  assert.deepEqual(await running(), before);
});

test("the nodes' memory goes up and down, past what makes their containers anew: no acknowledged row is lost", async (t) => {
  const written = writer(t);
  await written.nextAck(30_000);

  for (const memory of [640, 1_536, 512]) {
    await upWith({ memory: `${memory}MiB` });
    await whole();
    assert.deepEqual(await memories(), [memory, memory, memory]);
    await written.nextAck(60_000);
  }

  assert.deepEqual(await lostRows(await written.stop()), []);
});

test("a portal more: the others keep their containers, their ports and their sessions; one less is refused before anything is touched", async (t) => {
  const before = await running();
  const hosts = orders.outputs.endpoints.primary?.hosts;
  const written = writer(t);
  await written.nextAck(30_000);

  await upWith({ portals: 3 });
  const third = await running(["orders-portal-3"]);
  await assert.rejects(upWith({ portals: 2 }), /portals: /);

  const record = await written.stop();
  assert.deepEqual(record.failures, []);
  assert.deepEqual(await running(), before);
  assert.deepEqual(await running(["orders-portal-3"]), third);
  const { deployments } = (await orders.stack.outputs()) as {
    readonly deployments: Readonly<Record<string, Outputs>>;
  };
  assert.deepEqual(deployments.orders?.endpoints.primary?.hosts.slice(0, 2), hosts);
});
