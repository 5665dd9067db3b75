import assert from "node:assert/strict";

import type { RowDataPacket } from "mysql2/promise";
import type { Led } from "../../../tests/engines/conformance.ts";
import { allHealthy, type Cluster, inNode, targetsOf } from "../../../tests/support/cluster.ts";
import { until } from "../../../tests/support/containers.ts";
import type { Target } from "../../../tests/support/writer.ts";
import { inserting, sessionOn } from "./client.ts";

const TABLE = "written";

export const driver = inserting(TABLE);

/** Creates the table that is written to. */
export async function mysql(cluster: Cluster) {
  const { nodes } = cluster;
  const through = async <T>(
    use: (session: Awaited<ReturnType<typeof sessionOn>>) => Promise<T>,
  ) => {
    const session = await sessionOn(targetsOf(cluster, "primary")[0] as Target);
    try {
      return await use(session);
    } finally {
      session.destroy();
    }
  };

  /** One statement, by the server's own root, on a node that runs. */
  async function ask(node: string, statement: string): Promise<readonly (readonly string[])[]> {
    const output = await inNode(cluster, node, "mysql", "-N", "-e", statement);
    return output
      .trim()
      .split("\n")
      .map((line) => line.split("\t"));
  }

  async function leader(among: readonly string[]): Promise<string> {
    const found: string[] = [];
    for (const node of among) {
      const rows = await ask(
        node,
        `SELECT 1 FROM performance_schema.replication_group_members
         WHERE MEMBER_ID = @@server_uuid AND MEMBER_ROLE = 'PRIMARY' AND MEMBER_STATE = 'ONLINE' AND NOT @@super_read_only
           AND (SELECT COUNT(*) FROM performance_schema.replication_group_members WHERE MEMBER_STATE = 'ONLINE') > 1`,
      ).catch(() => []);
      if (rows.some(([one]) => one === "1")) found.push(node);
    }
    assert.equal(found.length, 1, `${found.join(", ") || "nobody"} leads`);
    return found[0] ?? "";
  }

  async function whole(): Promise<true> {
    await allHealthy(cluster);
    for (const node of nodes) {
      const [[online] = []] = await ask(
        node,
        "SELECT COUNT(*) FROM performance_schema.replication_group_members WHERE MEMBER_STATE = 'ONLINE'",
      );
      assert.equal(online, String(nodes.length), `${node} sees ${online} members online`);
    }
    for (const target of targetsOf(cluster, "primary")) (await sessionOn(target)).destroy();
    return true;
  }

  const lockPortal = (lock: "LOCK" | "UNLOCK") => async () => {
    await ask(await leader(nodes), `ALTER USER portal@'%' ACCOUNT ${lock}`);
  };

  async function endSessions(node: string): Promise<void> {
    const ids = await ask(
      node,
      "SELECT ID FROM information_schema.processlist WHERE USER = 'portal'",
    );
    for (const [id] of ids) if (id) await ask(node, `KILL ${id}`).catch(() => {});
  }

  await until("a portal that serves", 120, whole);
  await through((session) => session.query(`CREATE TABLE ${TABLE} (id VARCHAR(80) PRIMARY KEY)`));
  const led: Led = {
    ...{ cluster, driver, whole, leader },
    written: () =>
      through(async (session) => {
        const [rows] = await session.query<RowDataPacket[]>(`SELECT id FROM ${TABLE}`);
        return new Set(rows.map(({ id }) => String(id)));
      }),
    switchover: async (old) => {
      await inNode(cluster, old, "/usr/local/lib/portico/switchover");
    },
    // The portals' login is locked and their sessions are ended: nobody tells them anything any more.
    evidence: {
      lose: async () => {
        await lockPortal("LOCK")();
        for (const node of nodes) await endSessions(node);
      },
      giveBack: lockPortal("UNLOCK"),
    },
    // 1290: the node is read-only. 3100: the group did not let it commit.
    isMisrouted: ({ code, message }) =>
      code === "ER_OPTION_PREVENTS_STATEMENT" || /read-only/.test(message),
    ridesOut: 4000,
  };
  return { led, ask };
}
