import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { after, before, beforeEach, describe, test } from "node:test";
import { clientFor, farewell } from "../../engines/postgresql/tests/client.ts";
import { formatDocument } from "../../proxy-image/src/contract.ts";
import { exec, execWell, until } from "../support/containers.ts";
import type { Target } from "../support/writer.ts";
import {
  addressOf,
  ask,
  container,
  documentFile,
  leader,
  leaderAfter,
  NODES,
  query,
  targets,
  whole,
} from "./orders.ts";

/** How long read sessions may go on on a node that left the endpoint: less than by default, so that a test sees the end. */
const DRAIN_S = 8;

/** The node behind the read endpoint of the first portal, for a newcomer. */
async function reader(): Promise<unknown> {
  const [row] = await query("SELECT host(inet_server_addr()) AS server", "replica");
  return row?.server;
}

/** A session on the read endpoint at one node, by its address, with a query that takes longer than the test. */
async function readingAt(address: string) {
  return until(`a read session at ${address}`, 30, async () => {
    const client = clientFor(targets("replica")[0] as Target);
    await client.connect();
    const { rows } = await client.query("SELECT host(inet_server_addr()) AS server");
    if (rows[0]?.server !== address) {
      await farewell(client);
      return undefined;
    }
    let isOver = false;
    client.once("end", () => {
      isOver = true;
    });
    // The client gives its answer up after a minute; the session goes on.
    client.query("SELECT pg_sleep(300)").catch(() => {});
    return { isOver: () => isOver, end: () => farewell(client) };
  });
}

/** Every one of the next ten newcomers goes to one of those. */
const newcomersGoTo = (...addresses: string[]) =>
  until(`newcomers go to ${addresses} alone`, 30, async () => {
    const seen = new Set<unknown>();
    for (let round = 0; round < 10; round++) seen.add(await reader());
    return [...seen].every((server) => addresses.includes(String(server)));
  });

/** Stops a replica's replay, or lets it go on. (Patroni soon ends a `pg_wal_replay_pause` that nobody asked it for.) */
async function replay(node: string, signal: "STOP" | "CONT"): Promise<void> {
  const command = ["pkill", `-${signal}`, "-f", "postgres:.*startup"];
  await execWell(container(node), command, "postgres");
}

/** Two WAL segments, 32 MiB: twice as far as a replica may be behind. */
async function writeMuch(node: string): Promise<void> {
  for (let segment = 0; segment < 3; segment++) {
    await ask(node, "SELECT pg_logical_emit_message(false, 'test', 'x')");
    await ask(node, "SELECT pg_switch_wal()");
  }
}

describe("the read endpoint", () => {
  let good = "";
  before(async () => {
    good = await readFile(documentFile(), "utf8");
    const document = JSON.parse(good);
    const timing = { ...document.timing, drain: DRAIN_S };
    await writeFile(documentFile(), formatDocument({ ...document, timing }));
  });
  after(() => writeFile(documentFile(), good));
  beforeEach(() => whole());

  test("a replica that falls behind keeps the query it runs and gets no new readers; with none left the leader serves them, and drains once one is back", async () => {
    const leads = await leader();
    const [late, near] = NODES.filter((node) => node !== leads) as [string, string];
    const [leading, lagging, other] = await Promise.all([leads, late, near].map(addressOf));
    assert.ok(leading && lagging && other);
    const running = await readingAt(lagging);

    try {
      await replay(late, "STOP");
      await writeMuch(leads);
      await newcomersGoTo(other);

      await replay(near, "STOP");
      await writeMuch(leads);
      await newcomersGoTo(leading);
      assert.equal(running.isOver(), false, "a lag must not end a running query");

      const lastResort = await readingAt(leading);
      await replay(near, "CONT");
      await newcomersGoTo(other);
      assert.equal(lastResort.isOver(), false, "it drains first");
      await until("the end of who read at the leader", DRAIN_S + 20, async () =>
        lastResort.isOver(),
      );
      await lastResort.end();

      await replay(late, "CONT");
      // Least connections first: with one session on each replica the next may come to either.
      const rest = [await readingAt(other), await readingAt(lagging)];
      for (const { end } of rest) await end();
      assert.equal(running.isOver(), false, "a lag must not end a running query");
    } finally {
      for (const node of [late, near]) await replay(node, "CONT");
      await running.end();
    }
  });

  test("readers on a replica that is promoted drain: they read on for a while, newcomers go elsewhere, then they are cut", async () => {
    const old = await leader();
    const next = NODES.find((node) => node !== old) ?? "";
    const promoted = await addressOf(next);
    const running = await readingAt(promoted);

    const { code, output } = await exec(container(old), [
      ...["patronictl", "switchover", "--force", "--leader", old, "--candidate", next],
    ]);
    assert.equal(code, 0, output);
    assert.equal(await leaderAfter(old), next);
    const switched = performance.now();
    assert.equal(running.isOver(), false, "it drains first");
    const others = await Promise.all(NODES.filter((node) => node !== next).map(addressOf));
    await newcomersGoTo(...others);
    await until("the end of who read there", DRAIN_S + 20, async () => running.isOver());
    assert.ok(performance.now() - switched > 3000, "it was cut at once");
    await running.end();
  });
});
