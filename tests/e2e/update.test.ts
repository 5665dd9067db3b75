import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, test } from "node:test";
import { clientFor, farewell, inserting } from "../../engines/postgresql/tests/client.ts";
import { formatDocument } from "../../proxy-image/src/contract.ts";
import { runOnce, until as waitFor } from "../support/containers.ts";
import type { Target } from "../support/writer.ts";
import { startWriter } from "../support/writer.ts";
import {
  container,
  documentFile,
  engine,
  NODES,
  orders,
  query,
  running,
  targets,
  upWith,
  whole,
} from "./orders.ts";

beforeEach(() => whole());

const me = () => ({ [`${orders.gateway}/32`]: "this machine" });

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

/** A client with a query that goes on. `died` is when its socket told that it is over, in wall-clock milliseconds. */
async function longSession() {
  const client = clientFor(targets("primary")[0] as Target);
  await client.connect();
  const died = new Promise<number>((resolve) => client.once("end", () => resolve(Date.now())));
  // The client gives its answer up after a minute; the session goes on.
  client.query("SELECT pg_sleep(100)").catch(() => {});
  return { died, end: () => farewell(client) };
}

test("an entry lets its source in as soon as up returns, certificates verified, through each portal and both", async () => {
  const image = (await engine.getContainer(container(NODES[0])).inspect()).Image;
  const network = `${orders.prefix}-public`;
  const { ca, password, portals } = orders.outputs;
  const folder = await mkdtemp(join(tmpdir(), "client-"));
  await chmod(folder, 0o755);
  await writeFile(join(folder, "ca.pem"), ca, { mode: 0o644 });
  const psql = (...hosts: string[]) =>
    runOnce({
      image,
      network,
      user: "postgres",
      binds: [`${folder}:/client:ro`],
      command: [
        "/usr/lib/postgresql/17/bin/psql",
        `host=${hosts.join(",")} port=5432 user=orders dbname=orders password=${password} sslmode=verify-full sslrootcert=/client/ca.pem target_session_attrs=read-write`,
        "-Atc",
        "SELECT 40 + 2",
      ],
    });
  const addresses = portals.map(({ address }) => address);
  const everybody = orders.gateway.replace(/\.\d+$/, ".0/20");

  try {
    assert.notEqual((await psql(...addresses)).code, 0);
    await upWith({ whitelist: { [everybody]: "the portals' network" } });
    for (const hosts of [...addresses.map((address) => [address]), addresses]) {
      const { code, output } = await psql(...hosts);
      assert.deepEqual([code, output.trim()], [0, "42"], hosts.join());
    }
  } finally {
    await upWith({ whitelist: me() });
    await rm(folder, { recursive: true });
  }
});

test("an entry that is removed ends its connections within a second", async () => {
  const { died, end } = await longSession();
  try {
    await upWith({ whitelist: { "203.0.113.0/24": "Berlin office" } });
    const returned = Date.now();
    const late = (await died) - returned;
    assert.ok(late < 1000, `the revoked session lived on for ${late} ms after up had returned`);
    await assert.rejects(query("SELECT 1"));
  } finally {
    await end();
    await upWith({ whitelist: me() });
  }
});

test("an entry expires by itself: within a second its connections end, and no new one is let in", async () => {
  const good = await readFile(documentFile(), "utf8");
  const { died, end } = await longSession();
  const over = Date.now() + 8_000;
  const until = new Date(over).toISOString();
  const whitelist = { [`${orders.gateway}/32`]: { note: "this machine", until } };
  try {
    // Straight, and not by `up`: on a busy machine that takes longer than the entry lasts.
    await writeFile(documentFile(), formatDocument({ ...JSON.parse(good), whitelist }));
    const late = (await died) - over;
    assert.ok(late >= 0, `the session was cut ${-late} ms before its entry was over`);
    assert.ok(late < 1000, `the session lived on for ${late} ms after its entry was over`);
    await assert.rejects(query("SELECT 1"));
  } finally {
    await end();
    await writeFile(documentFile(), good);
  }
  await waitFor("this machine is let in again", 30, () => query("SELECT 1"));
});

test("an empty whitelist lets nobody in, and up says so", async () => {
  await orders.stack.configure(orders.config({ whitelist: {} }));
  const preview = await orders.stack.run("preview", ...orders.stack.configArguments);
  assert.match(preview, /orders.*nobody/i);

  await orders.stack.up();
  await assert.rejects(query("SELECT 1"));
  await upWith({ whitelist: me() });
  await query("SELECT 1");
});

test("nodes that were killed, one and then all at once, come back as members when they are started", async () => {
  await query("CREATE TABLE kept (of text)");
  await engine.getContainer(container(NODES[0])).kill();
  await engine.getContainer(container(NODES[0])).start();
  await whole();
  await query("INSERT INTO kept VALUES ('one')");

  await Promise.all(NODES.map((node) => engine.getContainer(container(node)).kill()));
  await Promise.all(NODES.map((node) => engine.getContainer(container(node)).start()));
  await whole();
  assert.deepEqual(await query("SELECT * FROM kept"), [{ of: "one" }]);
  await query("INSERT INTO kept VALUES ('all')");
});
