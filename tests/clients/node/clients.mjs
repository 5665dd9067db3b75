// Connects with each of Node.js' clients by the form that a user would paste. The same job, arguments and answers as ../python/clients.py.
// It runs in the folder that has the packages; every snippet becomes a module of its own there.
import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const WORKERS = 3;
const [, , mode = "check", jobFile = ""] = process.argv;
const folder = process.cwd();
const require = createRequire(join(folder, "package.json"));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
mkdirSync(join(folder, "forms"), { recursive: true });

/** By form, what it has said last of its connection. */
globalThis.said = new Map();

/** Evaluates the snippet as a module and takes what it calls `name`. */
async function pasted(form, name) {
  const file = join(folder, "forms", `${randomUUID()}.mjs`);
  const own = `const console = { error: (text) => said.set(${JSON.stringify(form)}, text) };`;
  writeFileSync(file, `${own}\n${form}\nexport const opened = ${name};\n`, { mode: 0o600 });
  const module = await import(pathToFileURL(file).href);
  return module.opened;
}

const redis = (add, all) => ({
  write: (client, row) => add(client, `written:${row.split("/")[0]}`, row),
  read: async (client, start) =>
    (await all(client, `written:${start.split("/")[0]}`)).filter((row) => row.startsWith(start)),
});

const kinds = {
  "node-postgres": {
    open: (form) => pasted(form, "pool"),
    write: (pool, row) => pool.query("INSERT INTO written (id) VALUES ($1)", [row]),
    read: async (pool, start) =>
      (await pool.query("SELECT id FROM written WHERE id LIKE $1", [`${start}%`])).rows.map(
        ({ id }) => id,
      ),
    close: (pool) => pool.end(),
  },
  "postgres.js": {
    open: (form) => pasted(form, "sql"),
    write: (sql, row) => sql`INSERT INTO written (id) VALUES (${row})`,
    read: async (sql, start) =>
      (await sql`SELECT id FROM written WHERE id LIKE ${`${start}%`}`).map(({ id }) => id),
    close: (sql) => sql.end({ timeout: 1 }),
  },
  ioredis: {
    open: (form) => pasted(form, "client"),
    ...redis(
      (client, key, row) => client.sadd(key, row),
      (client, key) => client.smembers(key),
    ),
    close: (client) => client.disconnect(),
  },
  "node-redis": {
    open: (form) => pasted(form, "client"),
    ...redis(
      (client, key, row) => client.sAdd(key, row),
      (client, key) => client.sMembers(key),
    ),
    close: (client) => client.destroy(),
  },
  bullmq: {
    open: (form) => pasted(form, "queue"),
    write: (queue, row) => queue.add("written", { row }),
    read: async (queue, start) =>
      (await queue.getJobs(["waiting", "wait", "active", "completed"], 0, -1))
        .map(({ data }) => data.row)
        .filter((row) => row.startsWith(start)),
    close: (queue) => queue.close(),
  },
  mysql2: {
    open: async (form) => (await load("mysql2/promise")).createPool(form),
    write: (pool, row) => pool.execute("INSERT INTO written (id) VALUES (?)", [row]),
    read: async (pool, start) =>
      (await pool.query("SELECT id FROM written WHERE id LIKE ?", [`${start}%`]))[0].map(
        ({ id }) => id,
      ),
    close: (pool) => pool.end(),
  },
  amqplib: {
    own: true,
    open: async (form) => {
      const connection = await pasted(form, "connection");
      const channel = await connection.createConfirmChannel();
      channel.on("error", () => {});
      await channel.assertQueue("amqplib", { durable: true });
      return { connection, channel };
    },
    write: ({ channel }, row) =>
      new Promise((done, failed) => {
        channel.on("close", () => failed(new Error("the channel was closed")));
        channel.sendToQueue("amqplib", Buffer.from(row), { persistent: true }, (error) =>
          error ? failed(error) : done(),
        );
      }),
    read: async ({ channel }, start) => {
      const rows = [];
      for (;;) {
        const message = await channel.get("amqplib", { noAck: true });
        if (message === false) return rows;
        if (message.content.toString().startsWith(start)) rows.push(message.content.toString());
      }
    },
    close: ({ connection }) => connection.close(),
  },
  "mongodb-node": {
    open: async (form) => new (await load("mongodb")).MongoClient(form),
    write: (client, row) => client.db().collection("written").insertOne({ _id: row }),
    read: async (client, start) =>
      (await client.db().collection("written").find({}).toArray())
        .map(({ _id }) => String(_id))
        .filter((row) => row.startsWith(start)),
    close: (client) => client.close(),
  },
  "elasticsearch-js": {
    open: (form) => pasted(form, "client"),
    write: (client, row) => client.index({ index: "written-js", id: row, body: { row } }),
    read: async (client, start) => {
      await client.indices.refresh({ index: "written-js" });
      const { body } = await client.search({ index: "written-js", size: 10_000 });
      return body.hits.hits.map(({ _id }) => _id).filter((row) => row.startsWith(start));
    },
    close: (client) => client.close(),
  },
  "cassandra-driver-js": {
    open: async (form) => {
      const client = await pasted(form, "client");
      await client.connect();
      await client.execute(
        "CREATE KEYSPACE IF NOT EXISTS written_js WITH replication = {'class': 'NetworkTopologyStrategy', 'datacenter1': 3}",
      );
      await client.execute("CREATE TABLE IF NOT EXISTS written_js.rows (id text PRIMARY KEY)");
      return client;
    },
    write: (client, row) =>
      client.execute("INSERT INTO written_js.rows (id) VALUES (?)", [row], LOCAL_QUORUM),
    read: async (client, start) =>
      (
        await client.execute("SELECT id FROM written_js.rows", [], {
          ...LOCAL_QUORUM,
          fetchSize: 100_000,
        })
      ).rows
        .map(({ id }) => id)
        .filter((row) => row.startsWith(start)),
    close: (client) => client.shutdown(),
  },
  "rethinkdb-ts": {
    open: async (form) => {
      const { r } = await load("rethinkdb-ts");
      const pool = await pasted(form, "pool");
      const tables = await r.tableList().run();
      if (!tables.includes("node")) await r.tableCreate("node").run();
      return pool;
    },
    write: async (_, row) => (await load("rethinkdb-ts")).r.table("node").insert({ id: row }).run(),
    read: async (_, start) => {
      const { r } = await load("rethinkdb-ts");
      const rows = await r.table("node").getField("id").coerceTo("array").run();
      return rows.filter((row) => row.startsWith(start));
    },
    close: (pool) => pool.drain(),
  },
};

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
/** Some say why only in their cause. */
const told = (error) => {
  const said = [error, error?.cause].flatMap((each) =>
    each == null ? [] : String(each.message ?? each).split("\n")[0],
  );
  return `${error?.code ?? error?.name ?? ""} ${said.join(" / ")}`.slice(0, 300);
};
/** Of Cassandra, in place of the driver's LOCAL_ONE, by which a row is there once one node has it. */
const LOCAL_QUORUM = { consistency: 0x06 };
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

function within(promise, ms) {
  let timer;
  const late = new Promise((_, failed) => {
    timer = setTimeout(() => failed(new Error(`nothing within ${ms / 1000} s`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function check(client, label, form) {
  const kind = kinds[client];
  const begun = Date.now();
  const row = `${client}/check-${randomUUID()}`;
  // A form of another authority may retry in silence: it is given less time.
  const patience = label === "wrong" ? 10_000 : job.seconds * 1000;
  let opened;
  try {
    opened = await within(kind.open(form), patience);
    await within(kind.write(opened, row), patience);
    const ms = Date.now() - begun;
    const found = await within(kind.read(opened, row), 30_000);
    const ok = found.length === 1 && found[0] === row;
    say({ client, label, ok, ms, error: ok ? "" : `read ${JSON.stringify(found)}` });
  } catch (error) {
    const last = globalThis.said.get(form);
    const all = last === undefined ? told(error) : `${told(error)}; it has said: ${last}`;
    say({ client, label, ok: false, ms: Date.now() - begun, error: all });
  }
}

async function write(client, form, isEnded) {
  const kind = kinds[client];
  const start = `${client}/run-${randomUUID().slice(0, 8)}-`;
  const acks = [];
  const rows = new Set();
  const errors = [];
  let shared;
  const session = () => {
    if (kind.own) return kind.open(form);
    shared ??= kind.open(form);
    return shared;
  };
  const work = async (worker) => {
    let opened;
    for (let turn = 0; !isEnded(); turn++) {
      const begun = Date.now();
      const row = `${start}${worker}-${turn}`;
      try {
        opened ??= await session();
        await kind.write(opened, row);
        acks.push(Date.now());
        rows.add(row);
        if (acks.length === 1) say({ client, ready: true });
      } catch (error) {
        errors.push([begun, Date.now(), told(error)]);
        if (kind.own) {
          await Promise.resolve(opened && kind.close(opened)).catch(() => {});
          opened = undefined;
        }
      }
      await pause(200);
    }
  };
  await within(Promise.all(Array.from({ length: WORKERS }, (_, n) => work(n))), 600_000).catch(
    () => {},
  );
  try {
    const found = await kind.read(await session(), start);
    const missing = [...rows].filter((row) => !found.includes(row));
    say({ client, acks, errors, missing, twice: found.length - new Set(found).size, unread: "" });
  } catch (error) {
    say({ client, acks, errors, missing: [], twice: 0, unread: told(error) });
  }
}

const job = JSON.parse(readFileSync(jobFile, "utf8"));
const asked = Object.entries(job.clients).filter(([client]) => client in kinds);
// What a client says of its idle connections is no failure of a write, and a notice, which postgres.js prints, no result.
console.error = () => {};
console.log = () => {};
let ended = false;
process.stdin.on("end", () => {
  ended = true;
});
process.stdin.resume();
await Promise.all(
  asked.flatMap(([client, forms]) =>
    mode === "check"
      ? Object.entries(forms).map(([label, form]) => check(client, label, form))
      : [write(client, forms.right, () => ended)],
  ),
);
process.exit(0);
