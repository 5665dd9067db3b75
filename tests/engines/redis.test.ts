import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { catalogue } from "../../infra/model/catalogue.ts";
import { addressOf, bringUp, containerOf, targetsOf } from "../support/cluster.ts";
import { exec, runOnce, until } from "../support/containers.ts";
import { docker } from "../support/docker.ts";
import type { Target } from "../support/writer.ts";
import { startWriter } from "../support/writer.ts";
import { followsItsLeader } from "./conformance.ts";
import { redis } from "./subjects/redis.ts";

const cluster = await bringUp({ name: "cache", engine: "redis" });
const { nodes } = cluster;
const { led, through } = redis(cluster);
const { leader, whole, switchover, driver } = led;

followsItsLeader(led);

test("redis: readers are spread over the replicas, which refuse writes", async () => {
  await until("a whole cluster", 120, whole);
  const lead = await addressOf(cluster, await leader(nodes));
  const served = new Set<string>();
  await until("answers of both replicas", 20, () =>
    through("replica", 0, async (client) => {
      const info = String(await client.client("INFO"));
      served.add(/laddr=([\d.]+):/.exec(info)?.[1] ?? "");
      await assert.rejects(client.set("a", "b"), /READONLY/);
      return served.size === 2;
    }),
  );
  assert.ok(!served.has(lead));
});

test("redis: valkey-cli takes the printed command as it is, the authority verified, through each portal", async () => {
  const { uris = [] } = cluster.outputs.endpoints.primary ?? {};
  const { Image: image } = await docker.getContainer(containerOf(cluster, "cache-1")).inspect();
  const caFile = join(import.meta.dirname, "../../.portico", cluster.stack.name, "cache/ca.pem");
  const run = (command: string, ca = caFile) =>
    runOnce({
      image,
      command: ["sh", "-c", `${command.replace(/^redis-cli/, "/usr/bin/valkey-cli")} dbsize`],
      network: "host",
      binds: [`${ca}:${caFile}:ro`],
      user: "valkey",
    });

  assert.equal(uris.length, 2);
  for (const uri of uris) {
    const { code, output } = await run(catalogue.redis.command(uri, caFile));
    assert.deepEqual([code, /^\d+\n$/.test(output)], [0, true], output);
  }
  const stranger = join(cluster.stack.project, "tests/engines/redis.test.ts");
  assert.notEqual((await run(catalogue.redis.command(uris[0] ?? "", caFile), stranger)).code, 0);
});

test("redis: beyond the limit HAProxy goes on by its own check of the role, and follows without the agent", async (t) => {
  await until("a whole cluster", 120, whole);
  const [portal = ""] = cluster.portals;
  const agent = (signal: string) =>
    exec(containerOf(cluster, portal), ["pkill", `-${signal}`, "-f", "agent.mjs"], "agent");
  const [first] = targetsOf(cluster, "primary");
  const old = await leader(nodes);
  await agent("STOP");
  try {
    await sleep(14_000);
    const writer = startWriter(t, [first as Target], driver, {
      sessions: 1,
      everyWrite: true,
    });
    await writer.nextAck(30_000);
    await switchover(old);
    const next = await until("another leader", 60, () =>
      leader(nodes.filter((node) => node !== old)),
    );
    const address = await addressOf(cluster, next);
    await until("a write on the new leader", 30, async () => {
      const { server } = await writer.nextAck(30_000);
      return server === address;
    });
    await writer.stop();
  } finally {
    await agent("CONT");
  }
});
