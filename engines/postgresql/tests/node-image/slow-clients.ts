import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";

import { loneNodeFor } from "../../../../tests/support/lone-node.ts";
import { MUCH, standingStill } from "../../../../tests/support/slow-way.ts";
import { farewell } from "../client.ts";
import { buildImage, until } from "./image.ts";

const PASSWORDS = ["superuser", "replication", "rewind", "app"]
  .concat("etcdRoot", "etcdPatroni", "etcdPortal", "restapi")
  .map((name) => [name, `of ${name}`] as const);
const ROW = 2 ** 16;

// On a node of their own: the cluster's other tests end sessions.
export function slowClientTests(): void {
  test("clients that stand still for more than a minute, reading or sending, get and send everything", async (t) => {
    const secrets = Object.fromEntries(PASSWORDS);
    const { address, ca } = await loneNodeFor(t, {
      image: await buildImage(),
      name: "orders-1",
      memory: 512,
      description: { user: "orders", database: "orders", durability: "async" },
      secrets,
      pairs: ["server", "peer"],
    });
    const login = async (host: string, port: number): Promise<pg.Client> => {
      const who = { user: "orders", password: secrets.app, database: "orders" };
      const client = new pg.Client({ ...who, host, port, ssl: { ca } });
      client.on("error", () => {});
      await client.connect();
      return client;
    };
    await until("a session", 240, async () => {
      return { is: await farewell(await login(address, 5432)) };
    });

    const { end } = await standingStill({ address, port: 5432 }, async (port) =>
      readAndSend(await login("127.0.0.1", port), await login("127.0.0.1", port)),
    );
    assert.deepEqual(await end, { read: MUCH, sent: MUCH });
  });
}

async function readAndSend(reader: pg.Client, sender: pg.Client) {
  const [read, sent] = await Promise.all([
    reader.query(`SELECT repeat('x', ${ROW}) AS x FROM generate_series(1, ${MUCH / ROW})`),
    sender.query("SELECT length($1) AS length", ["x".repeat(MUCH)]),
  ]);
  await Promise.all([reader, sender].map(farewell));
  return {
    read: read.rows.reduce((sum, { x }) => sum + x.length, 0),
    sent: sent.rows[0]?.length,
  };
}
