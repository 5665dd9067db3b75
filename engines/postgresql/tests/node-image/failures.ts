import assert from "node:assert/strict";
import { test } from "node:test";
import { exec } from "../../../../tests/support/containers.ts";
import { docker } from "../../../../tests/support/docker.ts";
import type { Cluster, NodeName } from "./cluster.ts";
import { until } from "./image.ts";

/** What becomes of a deployment whose leader is killed or handed over, or whose nodes all are, is in tests/e2e, with clients. */
export function failureTests(cluster: () => Cluster): void {
  let written = 0;
  const others = (node: NodeName) => cluster().nodes.filter((other) => other !== node);

  /** An acknowledged write through the network, as a client makes it. */
  const write = async () => {
    const { code, output } = await cluster().connect(
      `CREATE TABLE IF NOT EXISTS kept (id int PRIMARY KEY); INSERT INTO kept VALUES (${written + 1})`,
    );
    assert.equal(code, 0, output);
    written += 1;
  };
  const assertKept = async (leader: NodeName) =>
    assert.equal(await cluster().sql(leader, "SELECT count(*) FROM kept"), String(written));

  test("a leader whose PostgreSQL crashes is replaced, and comes back as a replica", async () => {
    const leader = await cluster().untilLeader(10);
    await write();
    const crash = "kill -9 $(head -n 1 /var/lib/portico/postgresql/data/postmaster.pid)";
    await exec(cluster().container(leader), ["sh", "-c", crash], "postgres");

    const next = await cluster().untilLeader(20, leader);
    await assertKept(next);
    await cluster().untilWhole(60);
  });

  test("a stopped leader shuts PostgreSQL down cleanly and hands over at once", async () => {
    const leader = await cluster().untilLeader(10);
    await write();
    const container = docker.getContainer(cluster().container(leader));
    const before = Math.floor(Date.now() / 1000);
    await container.stop();

    const next = await cluster().untilLeader(12, leader);
    await assertKept(next);
    const log = await container.logs({ stdout: true, stderr: true, since: before });
    assert.match(log.toString(), /database system is shut down/);
    assert.equal((await container.inspect()).State.ExitCode, 0);
    await cluster().start(leader);
    await cluster().untilWhole(60);
  });

  test("the node that leads PostgreSQL soon hands etcd's leadership to another one", async () => {
    const leader = await cluster().untilLeader(10);
    const etcdctl = (node: NodeName, ...args: string[]) =>
      exec(cluster().container(node), ["etcdctl", ...args]);
    const ledElsewhere = () =>
      until("another node leads etcd", 20, async () => {
        const { output } = await etcdctl(leader, "endpoint", "status", "--write-out=fields");
        const [own, leads] = ["MemberID", "Leader"].map((name) =>
          new RegExp(`"${name}" : (\\d+)`).exec(output)?.at(1),
        );
        const elsewhere = own !== undefined && (leads ?? "0") !== "0" && leads !== own;
        return elsewhere ? { is: true } : { not: output };
      });
    await ledElsewhere();

    const { output: members } = await etcdctl(leader, "member", "list");
    const [, id = ""] = new RegExp(`^(\\w+), started, ${leader},`, "m").exec(members) ?? [];
    await until("etcd's leadership is at PostgreSQL's leader", 10, async () => {
      const asked = others(leader).map((node) => etcdctl(node, "move-leader", id));
      const answers = await Promise.all(asked);
      return answers.some(({ code }) => code === 0)
        ? { is: true }
        : { not: answers.map(({ output }) => output).join() };
    });
    await ledElsewhere();
    await cluster().untilWhole(60);
  });

  test("with two nodes lost the third turns read-only and says so, until a majority is back", async () => {
    const leader = await cluster().untilLeader(10);
    await cluster().kill(...others(leader));

    try {
      await until("a read-only node that says why", 60, async () => {
        const { healthy, why } = await cluster().health(leader);
        return !healthy && /read-only until a majority/.test(why) ? { is: true } : { not: why };
      });
      assert.equal(await cluster().sql(leader, "SELECT pg_is_in_recovery()"), "t");
      await assertKept(leader);
    } finally {
      await cluster().start(...others(leader));
    }
    await cluster().untilWhole(90);
    await write();
  });

  test("a node that lost its volume joins again, in etcd too", async () => {
    const [replica = "orders-1"] = others(await cluster().untilLeader(10));
    await write();
    await cluster().removeNode(replica);
    await cluster().createNode(replica);

    await cluster().untilWhole(60);
    assert.equal(await cluster().sql(replica, "SELECT count(*) FROM kept"), String(written));
    const members = await exec(cluster().container(replica), ["etcdctl", "member", "list"]);
    assert.equal(members.output.match(/started/g)?.length, 3, members.output);
  });
}
