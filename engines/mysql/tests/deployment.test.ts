import assert from "node:assert/strict";
import { test } from "node:test";
import type { TLSSocket } from "node:tls";

import type { RowDataPacket } from "mysql2/promise";
import { createConnection } from "mysql2/promise";
import { followsItsLeader } from "../../../tests/engines/conformance.ts";
import { addressOf, bringUp, containerOf, targetsOf } from "../../../tests/support/cluster.ts";
import { logsOf, until } from "../../../tests/support/containers.ts";
import { act, docker } from "../../../tests/support/docker.ts";
import { loadOf } from "../../../tests/support/load.ts";
import { questionsLeaveNoLogLine, statusOf } from "../../../tests/support/pool.ts";
import { nobodyIsRoot } from "../../../tests/support/processes.ts";
import { linesOf, notRefused } from "../../../tests/support/refused.ts";
import type { Target } from "../../../tests/support/writer.ts";
import { sessionOn } from "./client.ts";
import { mysql } from "./subject.ts";

const cluster = await bringUp({ name: "shop", engine: "mysql" });
const { nodes, outputs } = cluster;
const { led, ask } = await mysql(cluster);
const { leader, whole, written, driver } = led;

followsItsLeader(led);

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

/** As if the group's last bootstrap had been by a clock that was far ahead: every one after it is by an earlier clock. */
async function setClockAhead(): Promise<void> {
  const node = await leader(nodes);
  const [[view = ""] = []] = await ask(
    node,
    "SELECT VIEW_ID FROM performance_schema.replication_group_member_stats WHERE MEMBER_ID = @@server_uuid",
  );
  const note = JSON.stringify({ bootstrap: view.split(":")[0], number: 4_000_000_000 });
  await ask(node, `ALTER USER portal@'%' ATTRIBUTE '${note}'`);
  for (const { status } of outputs.portals)
    await until("the portal knows of it", 30, async () =>
      JSON.stringify(await statusOf(status)).includes("4000000000"),
    );
}

test("shop: killed all at once, the nodes form one group again, with every acknowledged write, though their clocks are behind", async (t) => {
  await until("a whole cluster", 240, whole);
  await setClockAhead();
  const writers = loadOf(t, targetsOf(cluster, "primary"), driver);
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

test("shop: a member that was left alone, and slept while the others formed the group anew, comes back to them", async () => {
  await until("a whole cluster", 240, whole);
  const alone = await leader(nodes);
  const others = nodes.filter((node) => node !== alone);
  const containers = others.map((node) => docker.getContainer(containerOf(cluster, node)));
  const sleeper = docker.getContainer(containerOf(cluster, alone));
  await Promise.all(containers.map((container) => container.stop()));
  await until("a group of one", 60, async () => {
    const members = await ask(
      alone,
      "SELECT MEMBER_HOST FROM performance_schema.replication_group_members",
    );
    return members.length === 1;
  });
  await act(sleeper, "pause");
  try {
    await Promise.all(containers.map((container) => container.start()));
    await until("the others' group", 240, () => leader(others));
  } finally {
    await act(sleeper, "unpause");
  }

  await until("a whole cluster", 240, whole);
  assert.match(
    await logsOf(containerOf(cluster, alone)),
    /leaves a group in which it was alone: shop-\d(, shop-\d)? went on without it/,
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

/** What the server behind an endpoint shows now. */
async function serialAt(target: Target): Promise<string> {
  const session = await sessionOn(target);
  const { connection } = session as unknown as {
    readonly connection: { readonly stream: TLSSocket };
  };
  const { serialNumber } = connection.stream.getPeerCertificate();
  session.destroy();
  return serialNumber;
}

test("shop: a renewed certificate, with another key, is shown without a restart, and sessions go on", async () => {
  await until("a whole cluster", 240, whole);
  const node = await leader(nodes);
  const target = targetsOf(cluster, "primary")[0] as Target;
  const session = await sessionOn(target);
  const before = await serialAt(target);
  const { resources = [] } = await cluster.stack.export();
  const key = resources.find(({ urn }) => urn.endsWith(`PrivateKey::${node}-server`));
  assert.ok(key);

  await cluster.stack.up("--target-dependents", "--target-replace", key.urn);

  const after = await until("another certificate", 60, async () => {
    const serial = await serialAt(target);
    return serial !== before && serial;
  });
  assert.notEqual(after, "");
  const [rows] = await session.query("SELECT @@report_host = ? AS same", [
    await addressOf(cluster, node),
  ]);
  assert.deepEqual(rows, [{ same: 1 }]);
  session.destroy();
});

test("shop: no process of a node is root's, and none can become it", async () => {
  await Promise.all(nodes.map((node) => nobodyIsRoot(cluster, node, 3)));
});

const REFUSED = linesOf(`
  SET GLOBAL offline_mode = ON
  SET GLOBAL super_read_only = ON
  SET GLOBAL general_log = ON
  SET PERSIST max_connections = 10
  SET SESSION sql_log_bin = 0
  SET SESSION gtid_next = 'AUTOMATIC'
  SET SESSION binlog_format = 'ROW'
  SHUTDOWN
  RESTART
  START GROUP_REPLICATION
  STOP GROUP_REPLICATION
  SELECT group_replication_set_as_primary('a')
  SELECT group_replication_switch_to_multi_primary_mode()
  CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'a'
  RESET REPLICA
  RESET BINARY LOGS AND GTIDS
  PURGE BINARY LOGS BEFORE NOW()
  FLUSH BINARY LOGS
  SHOW BINARY LOGS
  SHOW REPLICAS
  CLONE LOCAL DATA DIRECTORY = '/tmp/a'
  CLONE INSTANCE FROM 'a'@'127.0.0.1':3306 IDENTIFIED BY 'a'
  INSTALL PLUGIN a SONAME 'a.so'
  UNINSTALL PLUGIN group_replication
  INSTALL COMPONENT 'file://component_a'
  CREATE FUNCTION a RETURNS STRING SONAME 'a.so'
  CREATE USER a
  DROP USER portal@'%'
  ALTER USER root@localhost IDENTIFIED BY 'a'
  ALTER USER portal@'%' IDENTIFIED BY 'a'
  ALTER USER shop@'%' REQUIRE NONE
  GRANT ALL ON *.* TO shop@'%'
  GRANT SELECT ON shop.* TO portal@'%'
  CREATE ROLE a
  SELECT * FROM mysql.user
  SELECT * FROM performance_schema.threads
  SELECT * FROM performance_schema.metadata_locks
  SELECT 1 INTO OUTFILE '/tmp/a'
  LOAD DATA INFILE '/etc/passwd' INTO TABLE written
  LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE written
  FLUSH TABLES WITH READ LOCK
  FLUSH PRIVILEGES
  LOCK INSTANCE FOR BACKUP
  ALTER INSTANCE RELOAD TLS
  ALTER INSTANCE DISABLE INNODB REDO_LOG
  CREATE TABLESPACE a ADD DATAFILE 'a.ibd'
  CREATE TABLE a (b INT PRIMARY KEY) DATA DIRECTORY '/tmp'
  CREATE SERVER a FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'a')
  CREATE DEFINER = root@localhost PROCEDURE a() SELECT 1
  CREATE DATABASE other
  SHOW ENGINE INNODB STATUS`);

const ALLOWED = linesOf(`
  CREATE TABLE mine (id INT PRIMARY KEY)
  ALTER TABLE mine ADD COLUMN note TEXT
  CREATE VIEW ours AS SELECT * FROM mine
  CREATE PROCEDURE p() SELECT 1
  CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1
  INSERT INTO mine (id) VALUES (1)
  LOCK TABLES mine WRITE
  UNLOCK TABLES
  CREATE TEMPORARY TABLE brief (id INT PRIMARY KEY)
  SET SESSION sql_mode = ''
  DROP EVENT e
  DROP PROCEDURE p
  DROP VIEW ours
  DROP TABLE mine`);

test("shop: the application may do everything in its database, and nothing with the servers, the group or their users", async (t) => {
  const session = await sessionOn(targetsOf(cluster, "primary")[0] as Target);
  t.after(() => session.destroy());
  const run = (statement: string) => session.query(statement);
  const denied = /denied|need \(at least one of\)|needs SUPER|Loading local data is disabled/;
  assert.deepEqual(await notRefused(REFUSED, run, denied), []);
  for (const statement of ALLOWED) await run(statement);
  const [[file]] = await session.query<RowDataPacket[]>(
    "SELECT LOAD_FILE('/etc/passwd') AS content",
  );
  assert.equal(file?.content, null);

  const node = await leader(nodes);
  const others = await ask(
    node,
    "SELECT ID FROM information_schema.processlist WHERE USER <> 'shop'",
  );
  assert.ok(others.length > 0);
  const kills = others.map(([id]) => `KILL ${id}`);
  assert.deepEqual(await notRefused(kills, run, /not owner|Unknown thread/), []);
});

test("shop: the portals' questions leave no line in a node's log", () =>
  questionsLeaveNoLogLine(cluster));

test("shop: a lock that the application takes keeps neither clients nor a switchover waiting", async (t) => {
  await until("a whole cluster", 240, whole);
  const target = targetsOf(cluster, "primary")[0] as Target;
  const session = await sessionOn(target);
  session.on("error", () => {});
  t.after(() => session.destroy());
  const [[taken]] = await session.query<RowDataPacket[]>(
    "SELECT GET_LOCK('portico_handover', 0) AS it",
  );
  assert.equal(taken?.it, 1);
  const old = await leader(nodes);
  for (const { status } of outputs.portals)
    assert.equal((await statusOf(status)).endpoints.primary?.gate, "open");

  await led.switchover(old);
  assert.notEqual(await until("another leader", 60, () => leader(nodes)), old);
  await until("a whole cluster", 240, whole);
});
