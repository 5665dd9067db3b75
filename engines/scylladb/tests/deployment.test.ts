import assert from "node:assert/strict";
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import { connect } from "node:tls";

import type { Client } from "cassandra-driver";

import { OWN_CHECK_MS, SILENCE_MS, signalAgents } from "../../../tests/support/agents.ts";
import { addressOf, bringUp, containerOf } from "../../../tests/support/cluster.ts";
import { until } from "../../../tests/support/containers.ts";
import { act, docker } from "../../../tests/support/docker.ts";
import { linesOf, notRefused } from "../../../tests/support/refused.ts";
import { cqlClient, writeRows } from "./client.ts";
import { wholeRing } from "./subject.ts";

const NAME = "scylladb (Cassandra stands in)";
const TABLE = "app.rows";
const KEYSPACE =
  "CREATE KEYSPACE IF NOT EXISTS app WITH replication = {'class': 'NetworkTopologyStrategy', 'datacenter1': 3}";
/** Seconds: a node of it starts in half a minute of a free machine. */
const PATIENCE = 240;

const cluster = await bringUp({ name: "events", engine: "scylladb" });
const whole = wholeRing(cluster);

test(`${NAME}: its usual driver reaches every node through the portals, TLS fully verified`, async (t) => {
  const client = cqlClient(t, cluster.outputs, spread());

  await client.connect();
  await client.execute(KEYSPACE);
  await client.execute(`CREATE TABLE IF NOT EXISTS ${TABLE} (id text PRIMARY KEY)`);
  const writer = writeRows(t, client, TABLE);

  await until("traffic on every node", 60, async () => throughOf(writer.written()).size === 3);
  assert.deepEqual(failuresOf(await writer.stop()), []);
  assert.deepEqual(throughOf(writer.written()), new Set(Object.values(spread())));
});

test(`${NAME}: behind each of its addresses is the node that the map promises`, async (t) => {
  for (const map of [spread(), ...(cluster.outputs.addressMaps ?? [])]) {
    const client = cqlClient(t, cluster.outputs, map);
    await client.connect();
    const found: Record<string, string> = {};
    await until("an answer of every node", 60, async () => {
      const { rows, info } = await client.execute("SELECT rpc_address FROM system.local");
      found[`${rows[0]?.rpc_address}:9042`] = info.queriedHost;
      return Object.keys(found).length === 3;
    });
    assert.deepEqual(found, { ...map });
    await client.shutdown();
  }
});

test(`${NAME}: who doesn't know the deployment's authority, or the password, gets in nowhere`, async (t) => {
  const { outputs } = cluster;

  await assert.rejects(cqlClient(t, { ...outputs, ca: "" }, spread()).connect(), /All host/);
  await assert.rejects(cqlClient(t, { ...outputs, password: "x" }, spread()).connect());
});

const REFUSED = linesOf(`
  CREATE ROLE a WITH LOGIN = true
  ALTER ROLE events WITH SUPERUSER = true
  ALTER ROLE admin WITH PASSWORD = 'a'
  ALTER ROLE portal WITH PASSWORD = 'a'
  ALTER ROLE cassandra WITH LOGIN = true
  DROP ROLE portal
  GRANT admin TO events
  GRANT ALL ON ALL KEYSPACES TO events
  GRANT ALL ON ALL ROLES TO events
  SELECT * FROM system_auth.roles
  SELECT * FROM system_auth.role_permissions
  INSERT INTO system_auth.roles (role, is_superuser) VALUES ('events', true)
  TRUNCATE system_auth.roles
  DROP TABLE system_auth.roles
  CREATE TABLE system_auth.mine (id text PRIMARY KEY)
  CREATE TABLE system_distributed.mine (id text PRIMARY KEY)
  CREATE TABLE system_traces.mine (id text PRIMARY KEY)
  ALTER KEYSPACE system_auth WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}
  DROP KEYSPACE system_auth
  DELETE FROM system.peers WHERE peer = '127.0.0.1'
  TRUNCATE system.local
  CREATE FUNCTION app.f(a int) CALLED ON NULL INPUT RETURNS int LANGUAGE java AS 'return a;'
  CREATE TRIGGER t ON app.rows USING 'a'`);

const ALLOWED = linesOf(`
  CREATE TABLE app.mine (id text PRIMARY KEY, note text)
  CREATE INDEX ON app.mine (note)
  CREATE TYPE app.pair (a int, b int)
  INSERT INTO app.mine (id) VALUES ('a')
  TRUNCATE app.mine
  DROP TABLE app.mine
  DROP TYPE app.pair
  CREATE KEYSPACE another WITH replication = {'class': 'NetworkTopologyStrategy', 'datacenter1': 1}
  DROP KEYSPACE another`);

test(`${NAME}: the application may do everything in its keyspaces, and nothing with the ring or its logins`, async (t) => {
  const client = cqlClient(t, cluster.outputs, spread());
  await client.connect();
  const run = (statement: string) => client.execute(statement);
  const denied =
    /sufficient privileges|no \w+ permission|superuser|Cannot (?:DROP|CREATE)|are disabled/;

  await run(KEYSPACE);
  assert.deepEqual(await notRefused(REFUSED, run, denied), []);
  for (const statement of ALLOWED) await run(statement);
});

// Sessions of one that is silent are cut only after three seconds: it may be slow.
for (const [what, fault, lift, cutMs] of [
  ["killed", "kill", "start", 2500],
  ["frozen", "pause", "unpause", 5500],
] as const)
  test(`${NAME}: a node that is ${what} loses its sessions within ${cutMs} ms, the rest is untouched, and the driver follows it down and up`, async (t) => {
    const victim = "events-2";
    const engine = docker.getContainer(containerOf(cluster, victim));
    const client = cqlClient(t, cluster.outputs, spread());
    await client.connect();
    const writer = writeRows(t, client, TABLE);
    await until("traffic on every node", 60, async () => throughOf(writer.written()).size === 3);
    const theVictims = await holdAll(t, "node-2");
    const others = [...(await holdAll(t, "node-1")), ...(await holdAll(t, "node-3"))];
    const down = nextEvent(client, "hostDown");

    const at = performance.now();
    await act(engine, fault);
    const acted = performance.now() - at;
    const cut = await Promise.all(theVictims.map(({ closed }) => closed));
    const took = Math.max(...cut) - at;
    process.stdout.write(
      `# ${NAME}: ${what}: cut ${Math.round(took)} ms after the order, which itself took ${Math.round(acted)} ms\n`,
    );
    await within("the driver saw the node fall", 60, down);
    await until("writes after it", 60, async () =>
      writer.written().some((row) => row.at > at + cutMs + 2500 && row.through !== ""),
    );
    const later = writer.written().filter((row) => row.at > at + cutMs);

    const up = nextEvent(client, "hostUp");
    await act(engine, lift);
    await within("the driver saw the node rise", PATIENCE, up);
    const back = performance.now();
    const through = spread()[`${await addressOf(cluster, victim)}:9042`];
    await until("traffic on the node that came back", 60, async () =>
      writer.written().some((row) => row.at > back && row.through === through),
    );
    const written = await writer.stop();

    assert.ok(took - acted < cutMs, `cut ${took} ms after the order`);
    assert.deepEqual(failuresOf(later), []);
    assert.ok(later.every((row) => row.through !== through));
    assert.deepEqual(
      others.filter(({ socket }) => socket.destroyed),
      [],
    );
    const ids = await stored(client);
    assert.deepEqual(
      written.filter(({ id, failure }) => failure === undefined && !ids.has(id)),
      [],
    );
    await until("a whole ring", PATIENCE, whole);
  });

test(`${NAME}: with its agent frozen for good, a portal goes on by its own check: the driver reaches every node, and a dead one's endpoint closes`, async (t) => {
  const victim = "events-2";
  const engine = docker.getContainer(containerOf(cluster, victim));
  const newcomerReaches = async (addresses: readonly string[]) => {
    const client = cqlClient(t, cluster.outputs, spread());
    await client.connect();
    const writer = writeRows(t, client, TABLE);
    await until(`traffic through ${addresses.join()}`, 60, async () => {
      const through = throughOf(writer.written());
      return addresses.every((address) => through.has(address));
    });
    const written = await writer.stop();
    await client.shutdown();
    assert.deepEqual(failuresOf(written), []);
    assert.equal(throughOf(written).size, addresses.length);
  };
  const dead = spread()[`${await addressOf(cluster, victim)}:9042`];

  const open = (
    await Promise.all(["node-1", "node-2", "node-3"].map((at) => holdAll(t, at)))
  ).flat();
  await signalAgents(cluster, cluster.portals, "STOP");
  try {
    await sleep(SILENCE_MS);
    assert.deepEqual(
      open.filter(({ socket }) => socket.destroyed),
      [],
    );
    await newcomerReaches(Object.values(spread()));

    await engine.kill();
    await sleep(OWN_CHECK_MS);
    // HAProxy would try for two minutes to connect to a node that it takes for one that answers.
    await within(
      "a newcomer is sent away",
      5,
      Promise.all((await holdAll(t, "node-2")).map(({ closed }) => closed)).then(() => {}),
    );
    await newcomerReaches(Object.values(spread()).filter((address) => address !== dead));
  } finally {
    await signalAgents(cluster, cluster.portals, "CONT");
    await engine.restart({ t: 0 });
  }
  await until("a whole ring", PATIENCE, whole);
});

test(`${NAME}: a client with the map over all portals outlives the loss of one of them`, async (t) => {
  const client = cqlClient(t, cluster.outputs, spread());
  await client.connect();
  const writer = writeRows(t, client, TABLE);
  await until("traffic on every node", 60, async () => throughOf(writer.written()).size === 3);
  const portal = docker.getContainer(containerOf(cluster, cluster.portals[0] ?? ""));

  const at = performance.now();
  await portal.kill();
  await until("writes after it", 60, async () =>
    writer.written().some((row) => row.at > at + 5000 && row.through !== ""),
  );
  const written = await writer.stop();
  await portal.start();

  assert.deepEqual(failuresOf(written.filter((row) => row.at > at + 5000)), []);
});

/** The map of which each node's address is at one of the portals. */
function spread(): Readonly<Record<string, string>> {
  assert.ok(cluster.outputs.addressMap);
  return cluster.outputs.addressMap;
}

type Rows = Awaited<ReturnType<ReturnType<typeof writeRows>["stop"]>>;

const throughOf = (rows: Rows) =>
  new Set(rows.flatMap(({ through }) => (through === "" ? [] : [through])));

const failuresOf = (rows: Rows) => rows.flatMap(({ failure }) => failure ?? []);

interface Held {
  readonly socket: TLSSocket;
  /** When it was closed, by whomever. */
  readonly closed: Promise<number>;
}

/** CQL's OPTIONS, version 4: needs no login. A portal hands nobody on who says nothing. */
const OPTIONS = Buffer.from("040000000500000000", "hex");

/** Connections to an endpoint, one a portal, on which nothing more is said. */
async function holdAll(t: TestContext, endpoint: string): Promise<readonly Held[]> {
  const { ca, endpoints } = cluster.outputs;
  return Promise.all(
    (endpoints[endpoint]?.hosts ?? []).map(async ({ host, port }) => {
      const socket = connect({ host, port, ca });
      socket.on("error", () => {});
      socket.resume();
      t.after(() => socket.destroy());
      const closed = once(socket, "close").then(() => performance.now());
      await once(socket, "secureConnect");
      socket.write(OPTIONS);
      return { socket, closed };
    }),
  );
}

async function nextEvent(client: Client, event: "hostUp" | "hostDown"): Promise<void> {
  await once(client, event);
}

async function within(what: string, seconds: number, event: Promise<void>): Promise<void> {
  let came = false;
  void event.then(() => {
    came = true;
  });
  await until(what, seconds, async () => came);
}

async function stored(client: Client): Promise<ReadonlySet<string>> {
  const rows = await client.execute(`SELECT id FROM ${TABLE}`, [], { fetchSize: 100_000 });
  return new Set(rows.rows.map(({ id }) => String(id)));
}
