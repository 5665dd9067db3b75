import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { afterFailure } from "../../../../tests/support/after-failure.ts";
import { closedToOthers } from "../../../../tests/support/closed-files.ts";
import { exec, logsOf, until } from "../../../../tests/support/containers.ts";
import { docker } from "../../../../tests/support/docker.ts";
import { noneIsRoots } from "../../../../tests/support/processes.ts";
import type { NodeName } from "./cluster.ts";
import { buildImage, NODES, RedisCluster } from "./cluster.ts";
import { slowClientTests } from "./slow-clients.ts";

describe("the Redis image", { concurrency: true }, () => {
  describe("three nodes of it", { concurrency: false }, threeNodes);
  slowClientTests();
});

/** Prints for how long a connection lasts that says a byte and no more, and what those are answered then that have logged in before it. */
const WITHOUT_LOGIN = `
import os, socket, sys, time
def talk(first):
    made = socket.create_connection((sys.argv[1], 6379), timeout=60)
    made.sendall(first)
    return made
logged_in = [talk(f"AUTH {user} {password}\\r\\n".encode()) for user, password in (("orders", os.environ["PASSWORD"]), ("probe", "any"))]
for each in logged_in: assert each.recv(100) == b"+OK\\r\\n"
began, silent = time.monotonic(), talk(b"*")
assert silent.recv(100) == b""
print(round(time.monotonic() - began, 1))
for each in logged_in:
    each.sendall(b"PING\\r\\n")
    print(each.recv(100).decode().strip())
`;

// One cluster for all of them: making it is what takes the time. Each leaves it whole and healthy.
function threeNodes(): void {
  let cluster: RedisCluster;
  let written = 0;
  const others = (node: NodeName) => NODES.filter((other) => other !== node);
  const write = async (leader: NodeName) => {
    const answer = await until("an acknowledged write", 60, async () => {
      const reply = await cluster.ask(leader, ["sadd", "kept", String(written + 1)], "app");
      if (!/^[01]$/.test(reply)) throw new Error(reply);
      return reply;
    });
    assert.equal(answer, "1");
    written += 1;
  };
  const assertKept = async (node: NodeName) =>
    assert.equal(await cluster.ask(node, ["scard", "kept"]), String(written));

  before(
    async () => {
      cluster = await RedisCluster.create("portico-redistest", "10.251.17", await buildImage());
      await cluster.untilWhole(120);
    },
    { timeout: 600_000 },
  );
  after(() => cluster?.remove());
  afterFailure(() => NODES.map((node) => cluster.container(node)));

  test("they found a cluster by themselves, and the first node leads it", async () => {
    assert.equal(await cluster.untilWhole(10), "orders-1");
    await write("orders-1");
  });

  test("nothing runs as root, or could become somebody else, and no password can be seen", async () => {
    const name = cluster.container("orders-1");
    // Supervisor, server, Sentinel and steward are all there.
    await noneIsRoots(name, 7);
    const { output } = await exec(
      name,
      [
        "sh",
        "-c",
        "grep -hE '^(CapEff|CapPrm|NoNewPrivs)' /proc/1/status; cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ",
      ],
      "valkey",
    );
    assert.match(output, /CapPrm:\s*0+\nCapEff:\s*0+\nNoNewPrivs:\s*1/);
    const everything = output + (await logsOf(name));
    for (const [use, secret] of Object.entries(cluster.secrets)) {
      assert.ok(!everything.includes(secret), use);
    }
  });

  test("each user of a node reads its own secrets alone, and changes neither settings nor programs", () =>
    closedToOthers(cluster.container("orders-1"), { valkey: "all" }));

  test("without a password one may ask for the role, and for nothing else", async () => {
    const [leader] = NODES;
    assert.match(await cluster.ask(leader, ["role"], "probe"), /^master/);
    for (const command of [["get", "kept"], ["info"], ["config", "get", "*"], ["shutdown"]])
      assert.match(await cluster.ask(leader, command, "probe"), /NOPERM/, command.join(" "));
    const bare = await exec(cluster.container(leader), ["/usr/bin/valkey-cli", "role"]);
    assert.match(bare.output, /NOAUTH/);

    const asked = ["sentinel", "get-master-addr-by-name", "orders"];
    const address = await cluster.sentinel("orders-2", leader, asked);
    assert.match(address.output, new RegExp(cluster.address(leader)));
    for (const command of [
      ["sentinel", "failover", "orders"],
      ["sentinel", "remove", "orders"],
      ["publish", "__sentinel__:hello", "x"],
    ])
      assert.match((await cluster.sentinel("orders-2", leader, command)).output, /NOPERM/);
  });

  test("a connection that doesn't log in is ended, and nobody else's is", async () => {
    const leader = await cluster.untilWhole(120);
    const peers = async () =>
      [...(await cluster.ask(leader, ["client", "list"])).matchAll(/^id=(\d+) .* user=(\w+) /gm)]
        .filter(([, , user]) => user === "replication" || user === "sentinel")
        .map(([, id]) => id)
        .sort();
    const before = await peers();
    const { code, output } = await exec(
      cluster.container(leader),
      ["python3", "-c", WITHOUT_LOGIN, cluster.address(leader)],
      "nobody",
      [`PASSWORD=${cluster.secrets.app}`],
    );

    assert.equal(code, 0, output);
    const [seconds, ...answers] = output.trim().split("\n");
    assert.ok(Number(seconds) >= 8, `after ${seconds} s: too early for a slow client`);
    assert.deepEqual(answers, ["+PONG", "+PONG"]);
    assert.deepEqual(await peers(), before);
    assert.equal(await cluster.untilWhole(10), leader);
  });

  test("the application may do everything with the data, and nothing with the server", async () => {
    const leader = await cluster.untilWhole(120);
    for (const command of [
      ["config", "get", "masterauth"],
      ["replicaof", "no", "one"],
      ["acl", "list"],
      ["monitor"],
      ["shutdown"],
    ])
      assert.match(await cluster.ask(leader, command, "app"), /NOPERM/, command.join(" "));
    for (const command of [
      ["info", "server"],
      ["eval", "return 1", "0"],
      ["client", "info"],
      ["dbsize"],
    ])
      assert.doesNotMatch(
        await cluster.ask(leader, command, "app"),
        /NOPERM|ERR/,
        command.join(" "),
      );
  });

  test("a failover on demand, to a node by name, keeps every write", async () => {
    const leader = await cluster.untilWhole(120);
    const [, to = "orders-1"] = others(leader);
    await write(leader);
    const { code, output } = await exec(cluster.container(leader), [
      "/usr/local/lib/portico/switchover",
      to,
    ]);
    assert.equal(code, 0, output);

    assert.equal(await cluster.untilWhole(120), to);
    assert.match(await logsOf(cluster.container(leader)), /takes no writes meanwhile/);
    await assertKept(to);
    await write(to);
  });

  test("a node without the cluster's data is not handed the leadership, and stays one that must not be chosen", async () => {
    const leader = await cluster.untilWhole(120);
    const [to = "orders-1"] = others(leader);
    const setting = async (name: string) =>
      (await cluster.ask(to, ["config", "get", name])).split("\n")[1] ?? "";
    const id = await setting("availability-zone");
    assert.notEqual(id, "");
    const steward = (signal: string) =>
      exec(
        cluster.container(to),
        ["s6-svc", signal, "/run/portico/valkey/services/steward"],
        "valkey",
      );
    // As a node is that has lost its volume, for as long as it copies. Its steward would tell better at once.
    await steward("-p");
    await cluster.ask(to, ["config", "set", "availability-zone", "", "replica-priority", "0"]);
    try {
      const { code, output } = await exec(cluster.container(leader), [
        "/usr/local/lib/portico/switchover",
        to,
      ]);
      assert.notEqual(code, 0);
      assert.match(
        output,
        new RegExp(`^${to} can't lead now: it doesn't have ${leader}'s data yet`),
      );
      assert.equal(await setting("replica-priority"), "0");
    } finally {
      await steward("-c");
    }
    await until("what it said before", 30, async () => (await setting("availability-zone")) === id);
    assert.equal(await setting("replica-priority"), "100");
    assert.equal(await cluster.untilWhole(30), leader);
  });

  test("a server that dies alone leads again only by the Sentinels' word, with every write", async () => {
    const leader = await cluster.untilWhole(120);
    await write(leader);
    const kill = "kill -9 $(s6-svstat -o pid /run/portico/valkey/services/server)";
    await exec(cluster.container(leader), ["sh", "-c", kill], "valkey");

    await until("the end of the old server", 10, async () => !(await cluster.leads(leader)));
    const next = await cluster.untilWhole(120);
    await assertKept(next);
    await write(next);
  });

  test("a killed leader is replaced, and comes back as a replica that takes no write", async () => {
    const leader = await cluster.untilWhole(120);
    await write(leader);
    await cluster.each([leader], "kill");
    const next = await cluster.untilLeader(120, leader);
    await write(next);
    await cluster.each([leader], "start");

    await until("an answer of its server", 30, () => cluster.ask(leader, ["role"], "probe"));
    assert.match(await cluster.ask(leader, ["set", "stale", "1"], "app"), /READONLY|LOADING/);
    assert.equal(await cluster.untilWhole(120), next);
    await assertKept(next);
  });

  test("a leader that is lost in the moment in which it takes over is replaced as well", async () => {
    const old = await cluster.untilWhole(120);
    const [conductor, next] = others(old) as [NodeName, NodeName];
    await write(old);
    // It asks the first of the others' Sentinels, which isn't to be lost with the new leader.
    const handover = exec(cluster.container(old), ["/usr/local/lib/portico/switchover", next]);
    await cluster.freezeServerOnceNamed(next, conductor);
    await cluster.each([next], "kill");
    await handover;

    const third = await cluster.untilLeader(120, next);
    assert.match(
      await logsOf(cluster.container(conductor)),
      new RegExp(`its Sentinel begins again: ${next}`),
    );
    await write(third);
    await cluster.each([next], "start");
    await assertKept(await cluster.untilWhole(120));
  });

  test("a frozen leader that wakes up takes no write, and becomes a replica", async () => {
    const leader = await cluster.untilWhole(120);
    await cluster.each([leader], "pause");
    const next = await cluster.untilLeader(120, leader);
    await write(next);
    await cluster.each([leader], "unpause");

    assert.match(await cluster.ask(leader, ["set", "stale", "1"], "app"), /READONLY|NOREPLICAS/);
    assert.equal(await cluster.untilWhole(120), next);
    await assertKept(leader);
  });

  test("three killed at once are a cluster again once started, with every write", async () => {
    const leader = await cluster.untilWhole(120);
    await write(leader);
    await cluster.each(NODES, "kill");
    await cluster.each(NODES, "start");

    const next = await cluster.untilWhole(120);
    await assertKept(next);
    await write(next);
  });

  test("a stopped leader hands over first, and ends cleanly", async () => {
    const leader = await cluster.untilWhole(120);
    await write(leader);
    const began = Math.floor(Date.now() / 1000);
    await cluster.each([leader], "stop");

    const { State } = await docker.getContainer(cluster.container(leader)).inspect();
    assert.equal(State.ExitCode, 0);
    assert.match(await logsOf(cluster.container(leader), began), /hands over/);
    const next = await cluster.untilLeader(120, leader);
    await assertKept(next);
    await cluster.each([leader], "start");
    await cluster.untilWhole(120);
  });

  test("a leader that lost its volume never leads without data: another one takes over, and it copies", async () => {
    const leader = await cluster.untilWhole(120);
    await write(leader);
    await cluster.removeNode(leader);
    await cluster.createNode(leader);

    const next = await cluster.untilWhole(120);
    assert.notEqual(next, leader);
    await assertKept(leader);
  });

  test("alone, a node that led takes no writes: not after a start, and not on the word of its own Sentinel", async () => {
    const leader = await cluster.untilWhole(120);
    await cluster.each(NODES, "kill");
    await cluster.each([leader], "start");
    await until("its reason", 30, async () =>
      (await cluster.health(leader)).why.includes("1 of 3 Sentinels answer"),
    );
    await sleep(3000);
    assert.match(await cluster.ask(leader, ["set", "alone", "1"], "app"), /READONLY/);

    await cluster.each(others(leader), "start");
    await cluster.untilWhole(120);
  });

  test("a node that can't publish its health goes on, says so once, and is unhealthy until it can", async () => {
    const leader = await cluster.untilWhole(120);
    const node = cluster.container(leader);
    const asServer = async (...command: string[]) =>
      (await exec(node, command, "valkey")).output.trim();
    const steward = () =>
      asServer("s6-svstat", "-o", "pid", "/run/portico/valkey/services/steward");
    const [before, began] = [await steward(), Math.floor(Date.now() / 1000)];
    // Where its next file would be. The disk itself can't be filled: it is the container's memory.
    await asServer("mkdir", "/run/portico/valkey/health.new");
    try {
      await until("the end of its last verdict", 30, async () =>
        (await cluster.health(leader)).why.includes("the steward is silent"),
      );
    } finally {
      await asServer("rmdir", "/run/portico/valkey/health.new");
    }

    assert.equal(await cluster.untilWhole(30), leader);
    assert.equal(await steward(), before);
    const alarms = (await logsOf(node, began)).match(/"alarm": true/g) ?? [];
    assert.equal(alarms.length, 1);
  });

  test("a new password of the application's is taken at once, and no Sentinel ends for it", async () => {
    await cluster.untilWhole(120);
    const sentinels = () =>
      Promise.all(
        NODES.map(async (node) => {
          const asked = ["s6-svstat", "-o", "pid", "/run/portico/valkey/services/sentinel"];
          return (await exec(cluster.container(node), asked, "valkey")).output.trim();
        }),
      );
    const before = await sentinels();
    await cluster.describe({ app: "of-the-next-rotation" });
    for (const node of NODES)
      await until(`the new password on ${node}`, 30, async () =>
        /^\d+$/.test(await cluster.ask(node, ["scard", "kept"], "app")),
      );
    await cluster.untilWhole(120);
    assert.deepEqual(await sentinels(), before);
  });

  test("changed passwords take effect, the old ones end, and no container restarts", async () => {
    const leader = await cluster.untilWhole(120);
    const started = async () =>
      Promise.all(
        NODES.map(
          async (node) =>
            (await docker.getContainer(cluster.container(node)).inspect()).State.StartedAt,
        ),
      );
    const before = await started();
    const old = cluster.secrets.app ?? "";
    const [slow = "orders-1"] = others(leader);
    const signalServer = (signal: string) =>
      exec(
        cluster.container(slow),
        ["sh", "-c", `kill -${signal} $(s6-svstat -o pid /run/portico/valkey/services/server)`],
        "valkey",
      );
    // One of them hears nothing at first: what it is owed, it gets later.
    await signalServer("STOP");
    await cluster.describe({ app: "another-one", replication: "a-new-one", sentinel: "and-this" });

    const takesNew = (node: NodeName) => async () =>
      /^\d+$/.test(await cluster.ask(node, ["scard", "kept"], "app"));
    try {
      await until("the new password", 30, takesNew(leader));
      await until("that one is not healthy", 30, async () => !(await cluster.health(slow)).healthy);
    } finally {
      await signalServer("CONT");
    }
    await until("the new password on the slow one", 30, takesNew(slow));
    const { output } = await exec(cluster.container(leader), [
      ...["/usr/bin/valkey-cli", "--no-auth-warning", "--user", "orders", "--pass", old],
      "dbsize",
    ]);
    assert.match(output, /WRONGPASS|NOAUTH/);
    await cluster.untilWhole(120);
    assert.deepEqual(await started(), before);
  });
}
