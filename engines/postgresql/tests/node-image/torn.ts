import assert from "node:assert/strict";
import { test } from "node:test";

import { exec, logsOf } from "../../../../tests/support/containers.ts";
import { breakNetwork } from "../../../../tests/support/net-fault.ts";
import type { Cluster, NodeName } from "./cluster.ts";
import { until } from "./image.ts";

/** Seconds: until the next one leads, on a slow machine. */
const LONGEST = 400;
const SEGMENT = 16 * 1024 * 1024;
const ROWS = 30_000;

/** A leader is lost while the others receive the first file of its timeline. */
export function tornTests(cluster: () => Cluster): void {
  for (const [title, restarts] of [
    ["others receive the first file of its timeline", false],
    ["others, one of which restarts, receive the first file of its timeline", true],
  ] as const)
    test(`a leader that is lost while ${title} is replaced`, async () => {
      const began = Math.floor(Date.now() / 1000);
      const first = await cluster().untilLeader(10);
      const [lost = first, third = first] = cluster().nodes.filter((node) => node !== first);
      const repeated = await fillHalf(first);
      const history = await cluster().history(first);
      const lift = await cutAfter(repeated * 1.5, lost, [first, third]);
      try {
        await cluster().patronictl(first, "switchover", "--force", "--candidate", lost);
        await cluster().untilLeader(30, first);
        const file = await cluster().sql(lost, "SELECT pg_walfile_name(pg_current_wal_lsn())");
        for (const node of [first, third]) await untilBegun(node, file);
        const alsoKilled = restarts ? [third] : [];
        await cluster().kill(lost, ...alsoKilled);
        await cluster().start(...alsoKilled);
        await cluster().forgetPromotion(first, history);
        await cluster().untilLeader(120, lost);
      } finally {
        await lift();
        await cluster().start(lost);
      }

      await cluster().untilWhole(120);
      for (const node of cluster().nodes)
        assert.equal(await cluster().sql(node, "SELECT count(*) FROM torn"), String(ROWS), node);
      for (const node of [first, third])
        assert.doesNotMatch(await logsOf(cluster().container(node), began), /PANIC/, node);
    });

  /** Writes a part of a new WAL file, and gives its bytes: what a next timeline's first file repeats. */
  const fillHalf = async (leader: NodeName): Promise<number> => {
    await cluster().sql(leader, "DROP TABLE IF EXISTS torn; CREATE TABLE torn (filler text)");
    await cluster().sql(leader, "SELECT pg_switch_wal()");
    const many = `SELECT repeat(md5(random()::text), 6) FROM generate_series(1, ${ROWS})`;
    await cluster().sql(leader, `INSERT INTO torn ${many}`);
    const position = await cluster().sql(leader, "SELECT pg_current_wal_lsn() - '0/0'");
    const bytes = Number(position) % SEGMENT;
    assert.ok(bytes > SEGMENT / 4 && bytes < SEGMENT / 2, position);
    return bytes;
  };

  /** They receive what they have of the old timeline's file once more, and then the new one's. */
  const cutAfter = async (bytes: number, from: NodeName, nodes: readonly NodeName[]) => {
    const over = `tcp sport 5432 quota over ${Math.round(bytes)} bytes drop`;
    const fault = { arriving: [`ip saddr ${cluster().address(from)} ${over}`] };
    const lifts = await Promise.all(
      nodes.map((node) => breakNetwork(cluster().container(node), fault, LONGEST)),
    );
    return () => Promise.all(lifts.map((lift) => lift()));
  };

  const untilBegun = (node: NodeName, file: string) =>
    until(`the beginning of ${file} on ${node}`, 60, async () => {
      const path = `/var/lib/portico/postgresql/data/pg_wal/${file}`;
      const command = ["head", "-c", "4", path];
      const { code, output } = await exec(cluster().container(node), command, "postgres");
      return code === 0 ? { is: true } : { not: output };
    });
}
