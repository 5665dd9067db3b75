import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { catalogue } from "../../infra/model/catalogue.ts";
import { addressOf, bringUp, containerOf, targetsOf } from "../support/cluster.ts";
import { exec, runOnce, until } from "../support/containers.ts";
import { docker } from "../support/docker.ts";
import { adding, redisClient } from "../support/redis.ts";
import type { Target } from "../support/writer.ts";
import { startWriter } from "../support/writer.ts";
import { followsItsLeader } from "./conformance.ts";

const cluster = await bringUp({ name: "cache", engine: "redis" });
const { nodes } = cluster;
const SET = "written";

async function inNode(node: string, ...command: string[]): Promise<string> {
  const { code, output } = await exec(containerOf(cluster, node), command);
  if (code !== 0) throw new Error(`${node}: ${output}`);
  return output;
}

/** What a node says of its role, through the user that needs no secret. */
const roleOf = (node: string): Promise<string> =>
  inNode(
    node,
    "/usr/bin/valkey-cli",
    "--no-auth-warning",
    "--user",
    "probe",
    "--pass",
    "x",
    "role",
  );

const leader = async (among: readonly string[]): Promise<string> => {
  const roles = await Promise.all(among.map((node) => roleOf(node).catch(() => "")));
  // Without a replica it takes no writes.
  const found = among.filter((_, index) => /^master\n\d+\n\d/.test(roles[index] ?? ""));
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`${found.length} nodes lead`);
  return only;
};

async function through<T>(
  endpoint: string,
  portal: number,
  use: (client: Awaited<ReturnType<typeof redisClient>>) => Promise<T>,
): Promise<T> {
  const client = await redisClient(targetsOf(cluster, endpoint)[portal] as Target);
  try {
    return await use(client);
  } finally {
    client.disconnect();
  }
}

const whole = async (): Promise<true> => {
  for (const node of nodes) await inNode(node, "sh", "/usr/local/lib/portico/health");
  for (const portal of [0, 1])
    await through("primary", portal, (client) => client.set("whole", "yes"));
  return true;
};

const sentinels = (option: string) => () =>
  Promise.all(
    nodes.map((node) =>
      exec(
        containerOf(cluster, node),
        ["s6-svc", option, "/run/portico/valkey/services/sentinel"],
        "valkey",
      ),
    ),
  ).then(() => {});

followsItsLeader({
  cluster,
  driver: adding(SET),
  written: () => through("primary", 0, async (client) => new Set(await client.smembers(SET))),
  whole,
  leader,
  switchover: async (old) => {
    const asked = nodes.find((node) => node !== old) ?? old;
    await inNode(asked, "/usr/local/lib/portico/switchover");
  },
  evidence: { lose: sentinels("-d"), giveBack: sentinels("-u") },
  mayLose: true,
  isMisrouted: ({ message }) => message.startsWith("READONLY"),
});

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
    const writer = startWriter(t, [first as Target], adding(SET), {
      sessions: 1,
      everyWrite: true,
    });
    await writer.nextAck(30_000);
    await inNode(old, "/usr/local/lib/portico/switchover");
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
