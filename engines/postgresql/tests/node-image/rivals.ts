import assert from "node:assert/strict";
import { test } from "node:test";

import { logsOf } from "../../../../tests/support/containers.ts";
import { breakNetwork } from "../../../../tests/support/net-fault.ts";
import type { Cluster, NodeName } from "./cluster.ts";
import { until } from "./image.ts";

/** Seconds: until the next one leads, on a slow machine. */
const LONGEST = 400;

/** Two nodes that are promoted to one timeline: Patroni and pg_rewind see no difference between them. */
export function rivalTests(cluster: () => Cluster): void {
  /** Loses a node, and gives what brings it back. */
  type Loss = (node: NodeName) => Promise<() => Promise<unknown>>;
  const losses: readonly [string, Loss][] = [
    [
      "is killed",
      async (node) => {
        await cluster().kill(node);
        return () => cluster().start(node);
      },
    ],
    [
      "loses its network, and steps down,",
      (node) =>
        breakNetwork(
          cluster().container(node),
          { arriving: ['meta iif != "lo" drop'], leaving: ['meta oif != "lo" drop'] },
          LONGEST,
        ),
    ],
  ];

  /** How often a node has given up its data for the leader's. */
  const times = async (node: NodeName): Promise<number> =>
    (await logsOf(cluster().container(node))).match(/copies the leader's anew/g)?.length ?? 0;

  test("whoever was lost in another way has kept its data", async () => {
    for (const node of cluster().nodes) assert.equal(await times(node), 0, node);
  });

  for (const [how, lose] of losses)
    test(`a leader that ${how} before anybody has heard of its promotion comes back with the next one's data`, async () => {
      const first = await cluster().untilLeader(10);
      const [lost = first] = cluster().nodes.filter((node) => node !== first);
      await cluster().sql(first, "CREATE TABLE IF NOT EXISTS told (by text); TRUNCATE told");
      const earlier = await times(lost);
      const history = await cluster().history(first);

      const unreachable = { arriving: ['meta iif != "lo" tcp dport 5432 drop'] };
      const lift = await breakNetwork(cluster().container(lost), unreachable, LONGEST);
      try {
        await cluster().patronictl(first, "switchover", "--force", "--candidate", lost);
        await cluster().untilLeader(30, first);
        const timeline = await timelineOf(lost);
        await notify(lost, "the lost one");
        const back = await lose(lost);
        await cluster().forgetPromotion(first, history);
        const next = await cluster().untilLeader(60, lost);
        await notify(next, "the next one");
        assert.equal(await timelineOf(next), timeline, "both were promoted to one timeline");
        await back();
      } finally {
        await lift();
      }

      await until("the next one's data", 120, async () => {
        const received = await cluster().sql(lost, "SELECT string_agg(by, ', ') FROM told");
        return received === "the next one" ? { is: true } : { not: received };
      });
      await cluster().untilWhole(60);
      assert.equal(await times(lost), earlier + 1);
    });

  /** On the node's own disk alone. */
  const notify = (leader: NodeName, by: string) =>
    cluster().sql(leader, `SET synchronous_commit = local; INSERT INTO told VALUES ('${by}')`);

  const timelineOf = (leader: NodeName) =>
    cluster().sql(leader, "SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)");
}
