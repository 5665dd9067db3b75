import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";

import pg from "pg";
import { clientFor, farewell } from "../../engines/postgresql/tests/client.ts";
import { until } from "../support/containers.ts";
import { linesOf, notRefused } from "../support/refused.ts";
import type { Target } from "../support/writer.ts";
import { query, targets, whole } from "./orders.ts";

const REFUSED = linesOf(`
  ALTER SYSTEM SET fsync = off
  SELECT pg_reload_conf()
  SET session_replication_role = replica
  SET synchronous_standby_names = ''
  SET log_statement = 'all'
  SELECT pg_promote()
  SELECT pg_switch_wal()
  SELECT pg_wal_replay_pause()
  SELECT pg_backup_start('a')
  SELECT pg_create_restore_point('a')
  SELECT pg_create_physical_replication_slot('a')
  SELECT pg_create_logical_replication_slot('a', 'pgoutput')
  SELECT pg_drop_replication_slot('orders_2')
  CREATE PUBLICATION a FOR ALL TABLES
  CREATE SUBSCRIPTION a CONNECTION 'host=127.0.0.1' PUBLICATION a WITH (connect = false)
  SELECT pg_terminate_backend(pid) FROM pg_stat_replication
  SELECT pg_cancel_backend(pid) FROM pg_stat_replication
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'
  SELECT pg_log_backend_memory_contexts(1)
  CHECKPOINT
  COPY (SELECT 1) TO PROGRAM 'true'
  COPY written FROM PROGRAM 'true'
  COPY (SELECT 1) TO '/tmp/a'
  COPY written FROM '/etc/passwd'
  SELECT pg_read_file('PG_VERSION')
  SELECT pg_read_binary_file('PG_VERSION')
  SELECT pg_stat_file('PG_VERSION')
  SELECT pg_ls_dir('.')
  SELECT pg_ls_logdir()
  SELECT lo_import('/etc/passwd')
  SELECT lo_export(1, '/tmp/a')
  CREATE EXTENSION dblink
  CREATE EXTENSION postgres_fdw
  CREATE EXTENSION file_fdw
  CREATE EXTENSION pageinspect
  CREATE FOREIGN DATA WRAPPER a
  CREATE FUNCTION a() RETURNS int LANGUAGE c AS '/tmp/a', 'a'
  CREATE FUNCTION a() RETURNS int LANGUAGE internal AS 'pg_promote'
  LOAD 'auto_explain'
  CREATE TABLESPACE a LOCATION '/tmp'
  CREATE EVENT TRIGGER a ON ddl_command_start EXECUTE FUNCTION suppress_redundant_updates_trigger()
  CREATE ROLE a
  DROP ROLE replicator
  ALTER ROLE postgres PASSWORD 'a'
  ALTER ROLE orders SUPERUSER
  ALTER ROLE orders REPLICATION
  ALTER ROLE orders BYPASSRLS
  GRANT pg_signal_backend TO orders
  SET ROLE postgres
  SET SESSION AUTHORIZATION postgres
  CREATE DATABASE a
  ALTER DATABASE orders RENAME TO a
  ALTER DATABASE postgres SET default_transaction_read_only = on
  SELECT * FROM pg_authid
  SELECT * FROM pg_shadow
  SELECT * FROM pg_hba_file_rules
  DO 'BEGIN LOCK TABLE pg_class IN ACCESS EXCLUSIVE MODE; END'`);

const ALLOWED = linesOf(`
  CREATE EXTENSION pgcrypto
  CREATE EXTENSION hstore
  CREATE SCHEMA mine
  CREATE TABLE mine.rows (id int PRIMARY KEY, note text)
  CREATE FUNCTION mine.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note := $$a$$; RETURN NEW; END'
  CREATE TRIGGER noted BEFORE INSERT ON mine.rows FOR EACH ROW EXECUTE FUNCTION mine.noted()
  INSERT INTO mine.rows (id) VALUES (1)
  CREATE INDEX CONCURRENTLY ON mine.rows (note)
  VACUUM mine.rows
  CREATE TEMP TABLE brief (id int)
  LISTEN news
  SET statement_timeout = '1min'
  SET synchronous_commit = local
  SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = 'orders' AND pid <> pg_backend_pid()
  DROP SCHEMA mine CASCADE`);

test("the application may do everything in its database, and nothing with the servers, replication, files or users", async (t) => {
  await whole();
  const target = targets("primary")[0] as Target;
  const client = clientFor(target);
  t.after(() => farewell(client));
  await client.connect();
  const run = (statement: string) => client.query(statement);
  const denied =
    /permission denied|must be (?:superuser|owner)|cannot be changed now|access to library .* is not allowed/;

  assert.deepEqual(await notRefused(REFUSED, run, denied), []);
  for (const statement of ALLOWED) await run(statement);

  const { ca, ...login } = target;
  const replication = { ...login, ssl: { ca }, replication: "database" } as pg.ClientConfig;
  const replica = new pg.Client(replication);
  replica.on("error", () => {});
  await assert.rejects(replica.connect(), /permission denied to start WAL sender/);
});

/** Twice as many as fit, of this machine, which is one source to the portal. */
async function crowdOf(t: TestContext, bytes: Uint8Array): Promise<void> {
  const [{ host, port } = { host: "", port: 0 }] = targets("primary");
  const crowd = Array.from({ length: 92 }, () =>
    connect({ host, port })
      .on("error", () => {})
      .resume(),
  );
  t.after(() => {
    for (const socket of crowd) socket.destroy();
  });
  await Promise.all(crowd.map((socket) => once(socket, "connect")));
  if (bytes.length > 0) for (const socket of crowd) socket.write(bytes);
}

test("connections that say nothing keep nobody waiting", async (t) => {
  await whole();
  await crowdOf(t, new Uint8Array());

  const since = performance.now();
  const [row] = await query("SELECT 1 AS one");

  assert.equal(row?.one, 1);
  const seconds = (performance.now() - since) / 1000;
  assert.ok(seconds < 5, `served after ${seconds} s`);
});

test("connections that ask for TLS and then say nothing are ended within seconds, and their source is served again", async (t) => {
  await whole();
  await crowdOf(t, Buffer.from("0000000804d2162f", "hex"));

  const [row] = await until("a client's answer", 30, () => query("SELECT 1 AS one"));

  assert.equal(row?.one, 1);
});
