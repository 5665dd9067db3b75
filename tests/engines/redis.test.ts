import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { Redis } from "ioredis";

import { catalogue } from "../../infra/model/catalogue.ts";
import { addressOf, bringUp, containerOf } from "../support/cluster.ts";
import { runOnce, until } from "../support/containers.ts";
import { docker } from "../support/docker.ts";
import { followsItsLeader } from "./conformance.ts";
import { redis } from "./subjects/redis.ts";

const cluster = await bringUp({ name: "cache", engine: "redis" });
const { nodes } = cluster;
const { led, through } = redis(cluster);
const { leader, whole } = led;

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

test("redis: ioredis takes the outputs' URIs as they are, with the authority beside them", async () => {
  const { ca, endpoints } = cluster.outputs;
  const options = { lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0 };
  for (const uri of endpoints.primary?.uris ?? []) {
    const client = new Redis(uri, { ...options, tls: { ca } });
    await client.connect();
    assert.equal(await client.ping(), "PONG");
    client.disconnect();
    const stranger = new Redis(uri, options);
    stranger.on("error", () => {});
    await assert.rejects(stranger.connect());
    stranger.disconnect();
  }
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
