import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { Redis } from "ioredis";
import { followsItsLeader } from "../../../tests/engines/conformance.ts";
import { ANNS, servesOverSsh } from "../../../tests/engines/ssh.ts";
import { addressOf, bringUp, containerOf, inNode } from "../../../tests/support/cluster.ts";
import { exec, logsOf, runOnce, until } from "../../../tests/support/containers.ts";
import { docker } from "../../../tests/support/docker.ts";
import { questionsLeaveNoLogLine } from "../../../tests/support/pool.ts";
import { catalogue } from "../../table.ts";
import { withoutPassword } from "../../uri.ts";
import { redis } from "./subject.ts";

const cluster = await bringUp({ name: "cache", engine: "redis", deployment: ANNS });
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
  const folder = join(import.meta.dirname, "../../../.portico", cluster.stack.name, "cache");
  const files = { ca: join(folder, "ca.pem"), password: join(folder, "password") };
  const run = (uri: string, ca = files.ca) =>
    runOnce({
      image,
      command: ["sh", "-c", `${commandOf(uri).replace("redis-cli", "/usr/bin/valkey-cli")} dbsize`],
      network: "host",
      binds: [`${ca}:${files.ca}:ro`, `${files.password}:${files.password}:ro`],
    });
  const commandOf = (uri: string) => catalogue.redis.command(withoutPassword(uri), files);

  assert.equal(uris.length, 2);
  for (const uri of uris) {
    const { code, output } = await run(uri);
    assert.deepEqual([code, /^\d+\n$/.test(output)], [0, true], output);
  }
  const stranger = join(cluster.stack.project, "engines/redis/tests/deployment.test.ts");
  assert.notEqual((await run(uris[0] ?? "", stranger)).code, 0);
});

const REFUSED = `
  acl list · acl setuser other on · acl load · bgrewriteaof · bgsave · client kill type replica · client kill type normal
  client no-evict on · client pause 1000 · client unpause · cluster meet 127.0.0.1 1 · cluster reset · commandlog get 1 slow
  config get * · config resetstat · config rewrite · config set appendonly no · debug sleep 1 · failover · latency doctor
  migrate 127.0.0.1 1 a 0 1 · module list · module load /tmp/a.so · monitor · pfdebug encoding a · psync ? -1 · replconf ack 1
  replicaof no one · save · shutdown nosave · slaveof no one · slowlog get · sync · publish __sentinel__:hello a
  publish __sentinel__:other a`;

const ALLOWED = `
  auth a · client info · client list · client tracking on · dbsize · eval return+1 0 · fcall f 0 · flushall · function load a
  info replication · keys * · memory usage a · multi · object encoding a · publish news a · publish __keyevent a · publish _ a
  publish __sentinel a · psubscribe * · psubscribe news.* · restore a 0 a · role · scan 0 · script flush · set a b
  sort a get b · spublish news a · subscribe news · swapdb 0 1 · wait 1 100 · xadd a * a b`;

const commands = (list: string): readonly (readonly string[])[] =>
  list
    .trim()
    .split(/\s*[·\n]\s*/)
    .map((command) => command.split(" "));

test("redis: the portals' questions leave no line in a node's log", () =>
  questionsLeaveNoLogLine(cluster));

test("redis: the application may do everything with the data, and nothing with the servers, their users or the Sentinels", async () => {
  const node = await leader(nodes);
  const dryRun = (command: readonly string[]) =>
    inNode(cluster, node, "valkey-cli", "acl", "dryrun", "cache", ...command);
  const permitted = async (list: string) => {
    const all = commands(list);
    const answers = await Promise.all(all.map(async (each) => (await dryRun(each)).trim()));
    return all.filter((_, index) => answers[index] === "OK").map((each) => each.join(" "));
  };
  assert.deepEqual(await permitted(REFUSED), []);
  assert.deepEqual(
    await permitted(ALLOWED),
    commands(ALLOWED).map((each) => each.join(" ")),
  );
});

test("redis: no way leads to the Sentinels' channel: not straight, in a transaction, in a script or in a function", async () => {
  const channel = "__sentinel__:hello";
  const call = `return server.call("publish", "${channel}", "a")`;
  const library = `#!lua name=lib\nserver.register_function("say", function() ${call} end)`;
  await through("primary", 0, async (client) => {
    const denied = /NOPERM|ACL failure|No permissions/;
    await assert.rejects(client.publish(channel, "a"), denied);
    await assert.rejects(client.multi().publish(channel, "a").exec(), /EXECABORT|NOPERM/);
    await assert.rejects(client.eval(call, 0), denied);
    await client.function("LOAD", "REPLACE", library);
    await assert.rejects(client.fcall("say", 0), denied);
    assert.equal(await client.publish("news", "a"), 0);
  });
  // Another kind of channel of the same name: nobody who subscribes to the one hears the other.
  const received: string[] = [];
  await through("primary", 0, async (listener) => {
    listener.on("pmessage", (_pattern, name, message) => received.push(`${name} ${message}`));
    await listener.psubscribe("*");
    await through("primary", 0, async (client) => {
      await client.spublish(channel, "b");
      await client.publish("news", "c");
    });
    await until("the message", 5, async () => received.includes("news c"));
  });
  assert.deepEqual(
    received.filter((line) => line.endsWith(" b")),
    [],
  );
});

const SENTINEL = "/run/portico/valkey/services/sentinel";
const STEWARD = "/run/portico/valkey/services/steward";
const KEPT = "/var/lib/portico/valkey/sentinel.conf";

test("redis: Sentinels in an epoch that no election leads out of begin again, and the next failover is followed", async () => {
  await until("a whole cluster", 120, whole);
  const [poisoned = ""] = nodes;
  const inside = async (node: string, script: string) => {
    const { code, output } = await exec(containerOf(cluster, node), ["sh", "-c", script], "valkey");
    assert.equal(code, 0, output);
    return output.trim();
  };
  const epochs = (node: string) =>
    inside(node, `grep -E '^sentinel (config|current)-epoch' ${KEPT}`);
  const began = Math.floor(Date.now() / 1000);
  // Its steward looks away, so that the others learn of the epoch as they do of any: from its Sentinel.
  await inside(poisoned, `kill -STOP $(s6-svstat -o pid ${STEWARD})`);
  try {
    const last = "18446744073709551615";
    const change = `s/^(sentinel (config-epoch cache|current-epoch)) .*/\\1 ${last}/`;
    await inside(
      poisoned,
      `s6-svc -wd -d ${SENTINEL} && sed -Ei '${change}' ${KEPT} && s6-svc -u ${SENTINEL}`,
    );
    await until("the others have heard of it", 30, async () => {
      const logs = await Promise.all(
        nodes.slice(1).map((node) => logsOf(containerOf(cluster, node), began)),
      );
      return logs.every((log) => log.includes(last));
    });
  } finally {
    await inside(poisoned, `kill -CONT $(s6-svstat -o pid ${STEWARD})`);
  }

  await until("usable epochs everywhere", 120, async () => {
    const all = await Promise.all(nodes.map(epochs));
    return all.every((each) => !/\d{16}/.test(each) && each !== "");
  });
  await until("a whole cluster", 120, whole);
  const old = await leader(nodes);
  await led.switchover(old);
  await until(
    "another leader, through both portals",
    60,
    async () => (await leader(nodes)) !== old && whole(),
  );
});

await servesOverSsh(cluster);
