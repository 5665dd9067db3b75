import assert from "node:assert/strict";
import { before, test } from "node:test";
import type { RowDataPacket } from "mysql2/promise";
import { createConnection } from "mysql2/promise";

import { bringUp, containerOf, targetsOf } from "../support/cluster.ts";
import { exec, until } from "../support/containers.ts";
import { docker } from "../support/docker.ts";
import { loadOf } from "../support/load.ts";
import { inserting, sessionOn } from "../support/mysql.ts";
import type { Target } from "../support/writer.ts";
import { followsItsLeader } from "./conformance.ts";

const cluster = await bringUp({ name: "shop", engine: "mysql" });
const { nodes, portals, outputs } = cluster;

/** One statement, by the server's own root, on a node that runs. */
async function ask(node: string, statement: string): Promise<readonly (readonly string[])[]> {
  const { code, output } = await exec(containerOf(cluster, node), ["mysql", "-N", "-e", statement]);
  if (code !== 0) throw new Error(`${node}: ${output}`);
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
  for (const name of [...nodes, ...portals]) {
    const { State } = await docker.getContainer(containerOf(cluster, name)).inspect();
    if (State.Health?.Status !== "healthy") throw new Error(`${name} is ${State.Health?.Status}`);
  }
  for (const target of targetsOf(cluster, "primary")) {
    const session = await sessionOn(target);
    session.destroy();
  }
  return true;
}

async function written(): Promise<ReadonlySet<string>> {
  const session = await sessionOn(targetsOf(cluster, "primary")[0] as Target);
  try {
    const [rows] = await session.query<RowDataPacket[]>("SELECT id FROM written");
    return new Set(rows.map(({ id }) => String(id)));
  } finally {
    session.destroy();
  }
}

before(async () => {
  await until("a portal that serves", 120, whole);
  const session = await sessionOn(targetsOf(cluster, "primary")[0] as Target);
  await session.query("CREATE TABLE written (id VARCHAR(80) PRIMARY KEY)");
  session.destroy();
});

const lockPortal = (lock: "LOCK" | "UNLOCK") => async () => {
  const node = await leader(nodes);
  await ask(node, `ALTER USER portal@'%' ACCOUNT ${lock}`);
};

followsItsLeader({
  cluster,
  driver: inserting("written"),
  written,
  whole,
  leader,
  switchover: async (old) => {
    const { code, output } = await exec(containerOf(cluster, old), [
      "/usr/local/lib/portico/switchover",
    ]);
    assert.equal(code, 0, output);
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
});

async function endSessions(node: string): Promise<void> {
  const ids = await ask(
    node,
    "SELECT ID FROM information_schema.processlist WHERE USER = 'portal'",
  );
  for (const [id] of ids) if (id) await ask(node, `KILL ${id}`).catch(() => {});
}

test("shop: mysql2 takes the URIs as they are, and verifies who answers", async () => {
  for (const { uris } of Object.values(outputs.endpoints)) {
    for (const uri of uris) {
      const session = await createConnection(uri);
      const [rows] = await session.query("SHOW STATUS LIKE 'Ssl_version'");
      assert.match(JSON.stringify(rows), /TLSv1\.3/);
      session.destroy();
    }
  }
  const [uri = ""] = outputs.endpoints.primary?.uris ?? [];
  const strangers = uri.replace(/ca%22%3A.*$/, "ca%22%3Anull%7D");
  await assert.rejects(createConnection(strangers), /self-signed|unable to verify|certificate/);
});

test("shop: killed all at once, the nodes form one group again, with every acknowledged write", async (t) => {
  await until("a whole cluster", 240, whole);
  const writers = loadOf(t, targetsOf(cluster, "primary"), inserting("written"));
  await writers.firstAck();
  await Promise.all(nodes.map((node) => docker.getContainer(containerOf(cluster, node)).kill()));
  const { acknowledged } = await writers.stop();
  for (const node of nodes.toReversed()) {
    await docker.getContainer(containerOf(cluster, node)).start();
  }

  await until("a whole cluster", 240, whole);
  const ids = await written();
  assert.deepEqual(
    acknowledged.map(({ id }) => id).filter((id) => !ids.has(id)),
    [],
  );
});

test("shop: no client comes without TLS, and the portals' login reads nothing of anybody", async () => {
  const node = await leader(nodes);
  const rows = await ask(node, "SHOW GRANTS FOR portal@'%'");
  assert.deepEqual(
    rows
      .map(([grant]) => grant)
      .filter((grant) => !/ON \*\.\*|ON `performance_schema`/.test(grant ?? "")),
    [],
  );
  const [target] = targetsOf(cluster, "primary");
  assert.ok(target);
  const { ca: _, ...plain } = target;
  await assert.rejects(createConnection(plain), /Access denied|insecure transport/);
});

test("shop: the replica endpoint reads, and doesn't write", async () => {
  const session = await sessionOn(targetsOf(cluster, "replica")[0] as Target);
  const [rows] = await session.query("SELECT @@super_read_only AS readOnly");
  assert.deepEqual(rows, [{ readOnly: 1 }]);
  session.destroy();
});
