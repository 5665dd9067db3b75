import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { exec, logsOf } from "../../../../tests/support/containers.ts";
import { freeSubnet } from "../../../../tests/support/free-range.ts";
import { Cluster, type NodeName } from "./cluster.ts";
import { buildImage, until } from "./image.ts";

const DATA = "/var/lib/portico/postgresql/data";
/** The server takes sessions. */
const SOCKET = "/run/postgresql/.s.PGSQL.5432";
/** So that it goes no further. */
const STOP_FOUNDING =
  "s6-svc -p /run/portico/postgres/services/patroni; pkill -STOP -x initdb; true";

// In this order: after each of the first deaths the making of the database begins anew.
describe("what nodes find when they start", () => {
  let cluster: Cluster;

  before(
    async () => {
      cluster = await Cluster.create(await freeSubnet(), await buildImage());
    },
    { timeout: 600_000 },
  );
  after(() => cluster?.remove());

  /** The first node on which there is `path`, and which has run `then` at that moment. */
  const firstWith = (path: string, among: readonly NodeName[], then = ":"): Promise<NodeName> =>
    Promise.any(
      among.map(async (node) => {
        const wait = [
          "timeout",
          "120",
          "sh",
          "-c",
          `until [ -e ${path} ]; do sleep 0.01; done; ${then}`,
        ];
        const { code, output } = await exec(cluster.container(node), wait, "postgres");
        assert.equal(code, 0, output);
        return node;
      }),
    );

  /** How often a node has cleared what a death left. */
  const clearances = async (node: NodeName): Promise<number> =>
    (await logsOf(cluster.container(node))).match(/copied half-way/g)?.length ?? 0;

  for (const [when, sign] of [
    ["during initdb", `${DATA}/PG_VERSION`],
    ["after it, before the users are there", SOCKET],
  ] as const)
    test(`all are killed ${when}: the next start makes the database anew`, async () => {
      const founder = await firstWith(sign, cluster.nodes, STOP_FOUNDING);
      const earlier = await clearances(founder);
      await cluster.kill(...cluster.nodes);
      await cluster.start(...cluster.nodes);
      await until("a folder that is cleared", 60, async () => {
        const times = await clearances(founder);
        return times === earlier + 1 ? { is: true } : { not: `cleared ${times} times` };
      });
    });

  test("a replica that is killed while it copies the leader's data begins again", async () => {
    await cluster.untilWhole(240);
    const leader = await cluster.untilLeader(60);
    const [replica = leader] = cluster.nodes.filter((node) => node !== leader);
    const earlier = await clearances(replica);
    await cluster.patronictl(leader, "reinit", "--force", "orders", replica);
    await firstWith(`${DATA}/backup_label`, [replica], "pkill -STOP -x pg_basebackup");
    await cluster.kill(replica);
    await cluster.start(replica);
    await cluster.untilWhole(120);
    assert.equal(await clearances(replica), earlier + 1);
  });

  test("with more memory, nodes that all start anew take more sessions at once; with less, they say that they wait", async () => {
    await cluster.kill(...cluster.nodes);
    await cluster.describe("quorum", {}, 1536);
    await cluster.start(...cluster.nodes);
    await cluster.untilWhole(120);
    for (const node of cluster.nodes) {
      assert.equal(await cluster.sql(node, "SHOW max_connections"), "200");
      assert.equal(await cluster.sql(node, "SHOW shared_buffers"), "384MB");
      assert.doesNotMatch((await cluster.health(node)).why, /restart/);
    }

    await cluster.describe("quorum", {}, 512);
    const leader = await cluster.untilLeader(60);
    await until("a leader that waits", 60, async () => {
      const { why } = await cluster.health(leader);
      return /a restart is due/.test(why) ? { is: true } : { not: why };
    });
    assert.equal(await cluster.sql(leader, "SHOW max_connections"), "200");
  });
});
