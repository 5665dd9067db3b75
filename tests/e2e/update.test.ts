import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { runOnce } from "../support/containers.ts";
import { clientFor, farewell, inserting } from "../support/postgresql.ts";
import type { Target } from "../support/writer.ts";
import { startWriter } from "../support/writer.ts";
import { container, engine, NODES, orders, PORTALS, query, targets, whole } from "./orders.ts";

beforeEach(() => whole());

const me = () => ({ [`${orders.gateway}/32`]: "this machine" });

async function upWith(deployment: Readonly<Record<string, unknown>>) {
  await orders.stack.configure(orders.config(deployment));
  return orders.stack.up();
}

/** What must not change by an edit: which containers there are, and since when they run. */
async function running(): Promise<readonly string[]> {
  return Promise.all(
    [...NODES, ...PORTALS].map(async (name) => {
      const { Id, State } = await engine.getContainer(container(name)).inspect();
      return `${name} ${Id} ${State.StartedAt}`;
    }),
  );
}

test("a second up changes nothing", async () => {
  const { same, ...others } = await orders.stack.up("--refresh");

  assert.deepEqual(others, {});
  assert.ok((same ?? 0) > 20);
});

test("no private key and no password stands in the exported state in clear", async () => {
  const text = JSON.stringify(await orders.stack.export());

  assert.doesNotMatch(text, /PRIVATE KEY/);
  assert.ok(!text.includes(orders.outputs.password));
});

test("a whitelist edit touches the document alone: no container, no connection, no database", async (t) => {
  const before = await running();
  const writer = startWriter(t, targets("primary"), inserting("written"), { sessions: 4 });
  await writer.nextAck(30_000);

  const first = { ...me(), "203.0.113.0/24": "Berlin office" };
  await orders.stack.configure(orders.config({ whitelist: first }));
  const { steps } = await orders.stack.preview();
  const changed = steps.filter(({ op }) => op !== "same");
  assert.deepEqual(
    changed.map(({ op, urn }) => `${op} ${urn.split("::").at(-2)?.split("$").at(-1)}`),
    ["update portico:index:Document"],
  );
  assert.deepEqual(added(await orders.stack.previewText()), ['+ 203.0.113.0/24: "Berlin office"']);

  const second = { ...first, "2001:db8:7::/48": "Berlin office" };
  for (const whitelist of [first, second, me()]) {
    const { same: _, ...changes } = await upWith({ whitelist });
    assert.deepEqual(changes, { update: 1 });
  }

  assert.deepEqual((await writer.stop()).failures, []);
  assert.deepEqual(await running(), before);
});

/** The lines of a preview that add something to a property. */
function added(preview: string): readonly string[] {
  return preview
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith("+ "));
}

test("an entry lets its source in as soon as up returns, and a removed one ends its connections within a second", async () => {
  const image = (await engine.getContainer(container(NODES[0])).inspect()).Image;
  const network = `${orders.prefix}-public`;
  const { NetworkSettings } = await engine.getContainer(container(PORTALS[0])).inspect();
  const address = NetworkSettings.Networks[network]?.IPAddress ?? "";
  const uri = `host=${address} user=orders dbname=orders password=${orders.outputs.password} sslmode=require`;
  const psql = (statement: string) =>
    runOnce({
      image,
      network,
      user: "postgres",
      command: ["/usr/lib/postgresql/17/bin/psql", uri, "-Atc", statement],
    });
  const everybody = orders.gateway.replace(/\.\d+$/, ".0/20");

  assert.notEqual((await psql("SELECT 1")).code, 0);
  await upWith({ whitelist: { [everybody]: "the portals' network" } });
  assert.equal((await psql("SELECT 1")).code, 0);

  const sleeper = psql("SELECT pg_sleep(300)");
  await sleep(3000);
  await upWith({ whitelist: me() });
  const returned = performance.now();
  const { code } = await sleeper;
  const seconds = (performance.now() - returned) / 1000;
  assert.notEqual(code, 0);
  assert.ok(seconds < 5, `the revoked session lived on for ${seconds} s after up had returned`);
});

test("an entry expires by itself: its connections end, and no new one is let in", async () => {
  const target = targets("primary")[0] as Target;
  const until = new Date(Date.now() + 20_000).toISOString();
  await upWith({ whitelist: { [`${orders.gateway}/32`]: { note: "this machine", until } } });
  const client = clientFor(target);
  await client.connect();
  try {
    const died = client.query("SELECT pg_sleep(60)").then(
      () => "lived",
      () => "died",
    );
    assert.equal(await died, "died");
    await assert.rejects(query("SELECT 1"));
  } finally {
    await farewell(client);
    await upWith({ whitelist: me() });
  }
  await query("SELECT 1");
});

test("an empty whitelist lets nobody in, and up says so", async () => {
  await orders.stack.configure(orders.config({ whitelist: {} }));
  const said = await orders.stack.run("preview", ...orders.stack.configArguments);
  assert.match(said, /orders.*nobody/i);

  await orders.stack.up();
  await assert.rejects(query("SELECT 1"));
  await upWith({ whitelist: me() });
  await query("SELECT 1");
});

test("nodes that were killed, one and then all at once, come back as members when they are started", async () => {
  await engine.getContainer(container(NODES[0])).kill();
  await engine.getContainer(container(NODES[0])).start();
  await whole();

  await Promise.all(NODES.map((node) => engine.getContainer(container(node)).kill()));
  await Promise.all(NODES.map((node) => engine.getContainer(container(node)).start()));
  await whole();
});
