import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { closedToOthers } from "../../../../tests/support/closed-files.ts";
import { exec } from "../../../../tests/support/containers.ts";
import { docker } from "../../../../tests/support/docker.ts";
import { ENTERING, noneIsRoots } from "../../../../tests/support/processes.ts";
import type { Cluster } from "./cluster.ts";

export function processTests(cluster: () => Cluster): void {
  test("they become one leader and two streaming replicas", async () => {
    const members = await cluster().members();

    assert.deepEqual(members.map(({ Role, State }) => `${Role} ${State}`).sort(), [
      "Leader running",
      "Quorum Standby streaming",
      "Quorum Standby streaming",
    ]);
  });

  test("nothing runs as root, or could become somebody else", async () => {
    // etcd, Patroni and PostgreSQL are all there.
    await noneIsRoots(cluster().container("orders-1"), 9);

    // What `ps` cannot tell. The two processes of this very command were not started by the node.
    const { output } = await exec(
      cluster().container("orders-1"),
      ["sh", "-c", "grep -hE '^(Name|CapEff|CapPrm|CapInh|CapAmb|NoNewPrivs)' /proc/[0-9]*/status"],
      "nobody",
    );
    const processes = output
      .split(/^Name:\s*/m)
      .slice(1)
      .filter((process) => !/^(sh|grep)$/m.test(process) && !ENTERING.test(process));
    for (const name of ["s6-svscan", "etcd", "patroni", "python3", "postgres"])
      assert.ok(
        processes.some((process) => process.startsWith(name)),
        `${name} was looked at`,
      );
    assert.deepEqual(
      processes.filter((process) => /Cap\w+:\s*0*[1-9a-f]|NoNewPrivs:\s*0/.test(process)),
      [],
    );
  });

  test("each user of a node reads its own secrets alone, and changes neither settings nor programs", async () => {
    const read = (user: string, file: string) =>
      exec(cluster().container("orders-1"), ["cat", file], user);
    for (const file of ["secrets.json", "peer.key", "server.key", "node.json"]) {
      assert.equal((await read("postgres", `/etc/portico/node/${file}`)).code, 0);
      for (const user of ["nobody", "etcd"])
        assert.match((await read(user, `/etc/portico/node/${file}`)).output, /Permission denied/);
    }
    for (const file of ["secrets.json", "peer.key"])
      assert.match((await read("nobody", `/run/portico/for-etcd/${file}`)).output, /denied/);
    const { output } = await read("etcd", "/run/portico/for-etcd/secrets.json");
    assert.deepEqual(Object.keys(JSON.parse(output)), ["etcdRoot"]);
    const needs = { postgres: "all", etcd: ["etcdRoot"] } as const;
    await closedToOthers(cluster().container("orders-1"), needs);
  });

  test("queries join in parallel with the work_mem of 8 GiB", async () => {
    const leader = await cluster().untilLeader(10);
    // What a table's hash takes is the container's memory. Its limit changes in place.
    const limit = (mib: number) =>
      docker
        .getContainer(cluster().container(leader))
        .update({ Memory: mib * 2 ** 20, MemorySwap: mib * 2 ** 20 });
    await limit(2048);
    await cluster().sql(
      leader,
      `CREATE UNLOGGED TABLE wide AS SELECT i, repeat('x', 60) AS filler FROM generate_series(1, 1200000) AS i;
       ANALYZE wide`,
    );
    const forced = [
      "work_mem = '64MB'",
      "min_parallel_table_scan_size = 0",
      "parallel_setup_cost = 0",
      "parallel_tuple_cost = 0",
      "enable_mergejoin = off",
      "enable_nestloop = off",
    ].map((setting) => `SET ${setting};`);
    const join = "SELECT count(a.filler || b.filler) FROM wide a JOIN wide b USING (i)";
    try {
      const plan = await cluster().sql(leader, `${forced.join(" ")} EXPLAIN ${join}`);
      assert.match(plan, /Parallel Hash Join/);
      const counted = await cluster().sql(leader, `${forced.join(" ")} ${join}`);
      assert.equal(counted, "1200000");
    } finally {
      await cluster().sql(leader, "DROP TABLE wide");
      await limit(512);
    }
  });

  test("where memory runs out, the kernel ends a process of PostgreSQL's before what keeps the cluster", async () => {
    const { output } = await exec(
      cluster().container("orders-1"),
      [
        "sh",
        "-c",
        "cd /proc && for p in [0-9]*; do echo $(cat $p/oom_score_adj) $(tr '\\0' ' ' < $p/cmdline); done",
      ],
      "nobody",
    );
    const first = (what: RegExp) => output.split("\n").find((line) => what.test(line)) ?? "none";
    assert.match(first(/^\d+ postgres: \S+: checkpointer/), /^800 /);
    for (const kept of [/bin\/postgres -D/, /etcd --name/, /patroni/, /-m steward/])
      assert.match(first(kept), /^0 /);
  });

  test("no password stands in a command line, an environment or the log", async () => {
    const name = cluster().container("orders-1");
    const seen = await Promise.all([
      exec(name, ["sh", "-c", "cat /proc/[0-9]*/cmdline"], "nobody"),
      exec(name, ["sh", "-c", "cat /proc/[0-9]*/environ"], "postgres"),
      exec(name, ["sh", "-c", "cat /proc/[0-9]*/environ"], "etcd"),
    ]);
    const log = await docker.getContainer(name).logs({ stdout: true, stderr: true });
    const everything = [...seen.map(({ output }) => output), log.toString()].join("\n");

    assert.ok(everything.includes("patroni.yml"), "the processes were seen");
    for (const [secret, value] of Object.entries(cluster().secrets)) {
      assert.ok(!everything.includes(value), secret);
    }
  });

  test("a node reaches neither its gateway nor any service of the host", async () => {
    const listener = createServer().listen(0, "0.0.0.0");
    try {
      await once(listener, "listening");
      const { port } = listener.address() as AddressInfo;
      const gateway = cluster().address("orders-1").replace(/\d+$/, "1");
      const attempts = await Promise.all(
        [gateway, ...ownAddresses()].map(async (address) => {
          const connect = `exec 3<>/dev/tcp/${address}/${port}`;
          const name = cluster().container("orders-1");
          return {
            address,
            ...(await exec(name, ["timeout", "5", "bash", "-c", connect], "nobody")),
          };
        }),
      );
      assert.deepEqual(
        attempts.filter(({ code }) => code === 0),
        [],
      );
    } finally {
      listener.close();
    }
  });
}

/** This machine's own IPv4 addresses, Docker's bridges included. */
function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => address);
}
