import assert from "node:assert/strict";
import { test } from "node:test";
import { exec, execWell } from "../../../../tests/support/containers.ts";
import type { Cluster } from "./cluster.ts";
import { until } from "./image.ts";

export function durabilityTests(cluster: () => Cluster): void {
  test("no write is acknowledged while no replica has it, and it is once one does", async () => {
    const leader = await cluster().untilLeader(10);
    const replicas = cluster().nodes.filter((node) => node !== leader);
    const signal = (name: string) =>
      Promise.all(
        replicas.map((node) =>
          execWell(
            cluster().container(node),
            ["pkill", `-${name}`, "-f", "walreceiver"],
            "postgres",
          ),
        ),
      );
    const write = (id: number) =>
      exec(
        cluster().container(leader),
        ["timeout", "3", "psql", "-qd", "orders", "-c", `INSERT INTO durable VALUES (${id})`],
        "postgres",
      );
    await cluster().sql(leader, "CREATE TABLE durable (id int PRIMARY KEY)");

    await signal("STOP");
    try {
      await cluster().sql(leader, "SELECT pg_terminate_backend(pid) FROM pg_stat_replication");
      assert.equal((await write(1)).code, 124, "an acknowledgement from one disk");

      // Patroni notices that no replica is left, and must not settle for that.
      await until("Patroni without replicas", 20, async () => {
        const state = await exec(cluster().container(leader), [
          "etcdctl",
          "get",
          "/service/orders/sync",
        ]);
        return state.output.includes('"sync_standby":null') ||
          /"sync_standby":""/.test(state.output)
          ? { is: true }
          : { not: state.output };
      });
      assert.equal((await write(2)).code, 124, "an acknowledgement from one disk");
    } finally {
      await signal("CONT");
    }
    let id = 3; // one that ran out of time may have been written all the same
    await until("an acknowledged write", 30, async () => {
      const { code, output } = await write(id++);
      return code === 0 ? { is: true } : { not: output };
    });
    await cluster().untilWhole(60);
  });
}
