import assert from "node:assert/strict";
import { test } from "node:test";

import { logsOf } from "../../../../tests/support/containers.ts";
import { docker } from "../../../../tests/support/docker.ts";
import type { Cluster } from "./cluster.ts";

/** More of them than a leader keeps beyond what replicas need. */
const WAL_FILES = 16;

/** A replica that needs WAL which its leader no longer has. */
export function strandedTests(cluster: () => Cluster): void {
  for (const [title, withoutWal] of [
    ["was away for long", false],
    // As pg_rewind leaves a leader that was lost while it wrote much.
    ["can't even start without WAL that is gone", true],
  ] as const)
    test(`a replica that ${title} copies the leader's data anew`, async () => {
      const leader = await cluster().untilLeader(10);
      const [replica = leader] = cluster().nodes.filter((node) => node !== leader);
      const began = Math.floor(Date.now() / 1000);
      await docker.getContainer(cluster().container(replica)).stop();
      if (withoutWal) await cluster().removeWal(replica);
      // The leader keeps what a replica of its own needs, for half an hour, by a slot.
      const slot = replica.replace("-", "_");
      const drop = `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '${slot}' AND NOT active`;
      for (let file = 0; file < WAL_FILES; file++) {
        await cluster().sql(leader, drop);
        await cluster().sql(leader, "SELECT pg_logical_emit_message(false, 'test', 'something')");
        await cluster().sql(leader, "SELECT pg_switch_wal()");
      }
      await cluster().sql(leader, "CHECKPOINT");
      await cluster().start(replica);

      await cluster().untilWhole(240);
      const said = await logsOf(cluster().container(replica), began);
      assert.match(said, /copies the leader's anew: it needs the WAL file [0-9A-F]{24}, and /);
    });
}
