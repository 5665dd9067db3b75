import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "cassandra-driver";

import { until } from "../../../../tests/support/containers.ts";
import { loneNodeFor } from "../../../../tests/support/lone-node.ts";
import { MUCH, standingStill } from "../../../../tests/support/slow-way.ts";
import { translatorBy } from "../client.ts";
import { buildImage } from "./ring.ts";

const PORT = 9042;
const ROW = 2 ** 20;
const ROWS = Array.from({ length: MUCH / ROW }, (_, id) => id);

test("ScyllaDB's stand-in: clients that stand still for more than a minute, reading or sending, get and send everything", async (t) => {
  const { address } = await loneNodeFor(t, {
    image: await buildImage(),
    name: "events-1",
    memory: 640,
    description: { user: "events", database: "events", durability: "quorum" },
    secrets: { admin: "of admin", app: "of app", portal: "of portal" },
    pairs: ["peer"],
  });
  const login = async (host: string, port: number): Promise<Client> => {
    const client = new Client({
      contactPoints: [`${host}:${port}`],
      localDataCenter: "datacenter1",
      credentials: { username: "events", password: "of app" },
      policies: { addressResolution: translatorBy({ [`${address}:${PORT}`]: `${host}:${port}` }) },
      // What a client does of its own when it waits is not what is tested.
      socketOptions: { connectTimeout: 20_000, readTimeout: 0 },
      pooling: { heartBeatInterval: 0 },
    });
    t.after(() => client.shutdown());
    await client.connect();
    return client;
  };
  const straight = await until("a session", 300, () => login(address, PORT));
  await straight.execute(
    "CREATE KEYSPACE app WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
  );
  const insert = (client: Client, table: string) => (id: number) =>
    client.execute(`INSERT INTO app.${table} (id, x) VALUES (?, ?)`, [id, "x".repeat(ROW)], {
      prepare: true,
    });
  const select = (client: Client, table: string) => async (id: number) => {
    const query = `SELECT x FROM app.${table} WHERE id = ?`;
    const { rows } = await client.execute(query, [id], { prepare: true });
    return String(rows[0]?.x).length;
  };
  for (const table of ["read", "sent"])
    await straight.execute(`CREATE TABLE app.${table} (id int PRIMARY KEY, x text)`);
  for (const id of ROWS) await insert(straight, "read")(id);

  const { end } = await standingStill({ address, port: PORT }, async (port) => {
    const slow = await login("127.0.0.1", port);
    const [read] = await Promise.all([
      Promise.all(ROWS.map(select(slow, "read"))),
      Promise.all(ROWS.map(insert(slow, "sent"))),
    ]);
    return { read: sum(read), sent: sum(await Promise.all(ROWS.map(select(straight, "sent")))) };
  });
  assert.deepEqual(await end, { read: MUCH, sent: MUCH });
});

const sum = (sizes: readonly number[]): number => sizes.reduce((all, size) => all + size, 0);
