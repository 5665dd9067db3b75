import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { execa } from "execa";
import type { Access } from "../../engines/client-form.ts";
import { patienceOf } from "../../engines/client-form.ts";
import type { Engine } from "../../engines/table.ts";
import { catalogue, engines, formsOf } from "../../engines/table.ts";
import { clientsDocument, seenOf } from "../../tools/clients/document.ts";
import { connectText } from "../../tools/connect.ts";
import { isRun } from "../clients/run.ts";
import { CONNECTION } from "./connection.ts";

const access: Access = {
  ...CONNECTION,
  deployment: "orders",
  patience: 40,
  addressMap: { "10.87.16.11:9042": "127.0.0.1:15432", "10.87.16.12:9042": "127.0.0.1:15433" },
};

const every = engines.flatMap((engine) =>
  catalogue[engine].clients.forms.map((form) => ({ engine, ...form })),
);
const named = (engine: Engine) => catalogue[engine].clients.forms.map(({ client }) => client);

test("the clients that users of each engine ask for have a form", () => {
  const asked: Partial<Record<Engine, readonly string[]>> = {
    postgresql: [
      ...["psql", "psycopg", "sqlalchemy", "asyncpg", "node-postgres", "postgres.js", "pgx"],
      ...["lib-pq", "pgjdbc", "hikaricp", "npgsql", "sqlx", "tokio-postgres"],
    ],
    redis: [
      ...["redis-cli", "redis-py", "ioredis", "node-redis", "go-redis", "jedis", "lettuce"],
      ...["celery", "bullmq"],
    ],
    mysql: ["mysql", "mysql2", "pymysql", "go-sql-driver", "connector-j"],
    rabbitmq: ["pika", "amqplib", "amqp091-go", "rabbitmq-java", "celery"],
    mongodb: ["mongosh", "mongodb-node", "pymongo", "mongo-go"],
    elasticsearch: ["curl", "elasticsearch-js", "elasticsearch-py", "go-elasticsearch"],
    scylladb: ["cqlsh", "cassandra-driver-js", "cassandra-driver-py", "gocql"],
    rethinkdb: ["rethinkdb-py", "rethinkdb-ts"],
  };
  for (const engine of engines)
    assert.deepEqual(
      (asked[engine] ?? [engine]).filter((client) => !named(engine).includes(client)),
      [],
    );
  for (const engine of engines) assert.equal(new Set(named(engine)).size, named(engine).length);
});

test("a form is one string or at most six lines, and has the login, the portal and the authority", () => {
  for (const { engine, client, language, form } of every) {
    const text = form(access);
    const lines = text.split("\n").length;
    assert.ok(lines <= (language === "connection string" ? 1 : 6), `${engine} ${client}: ${lines}`);
    const [login, portal] = ["s3cret", "15432"];
    for (const part of [login, portal]) assert.ok(text.includes(part), `${engine} ${client}`);
    assert.match(text, /my(%20| )portico|BEGIN%20CERTIFICATE/, `${engine} ${client}`);
  }
});

test("a form names the second portal where it says that it names all", () => {
  for (const { engine, client, allPortals, form } of every)
    assert.equal(form(access).includes("15433"), allPortals === true, `${engine} ${client}`);
});

/** What every user of a machine reads of a program that runs there. */
test("no form for a shell has the password among a program's arguments", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "programs-"));
  t.after(() => rm(folder, { recursive: true }));
  const shown = join(folder, "shown");
  for (const program of ["psql", "mysql", "redis-cli", "curl", "mongosh", "pipx"])
    await writeFile(join(folder, program), `#!/bin/sh\necho "$0 $*" >> ${shown}\n`, {
      mode: 0o755,
    });
  const forms = every.filter(({ language }) => language === "shell");
  assert.equal(forms.length, 6);
  for (const { client, form } of forms) {
    await writeFile(shown, "");
    await execa("sh", ["-c", form({ ...access, password: "s3cret" })], {
      cwd: folder,
      env: { PATH: `${folder}:${process.env.PATH}` },
    });
    const text = await readFile(shown, "utf8");
    assert.notEqual(text, "", client);
    assert.doesNotMatch(text, /s3cret/, client);
  }
  assert.equal((await stat(join(folder, "orders.cqlsh"))).mode & 0o777, 0o600);
});

const NONE = "waits as long as it takes: it has no time-out of its own";
const NEVER_HELD = "a node's endpoint holds nobody, and a driver tries the next node";

/** By client, what comes before the time-outs in its form that a hold meets, and how many of their unit are a second; or why it has none. */
const WAITS: Readonly<
  Record<Engine, Readonly<Record<string, string | Readonly<Record<string, number>>>>>
> = {
  postgresql: {
    psql: NONE,
    psycopg: { connect_timeout: 1 },
    "psycopg-pool": { connect_timeout: 1, timeout: 1 },
    sqlalchemy: { connect_timeout: 1, pool_timeout: 1 },
    "sqlalchemy-asyncpg": { timeout: 1, pool_timeout: 1 },
    asyncpg: { timeout: 1 },
    "node-postgres": NONE,
    "postgres.js": { connect_timeout: 1 },
    pgx: { connect_timeout: 1 },
    "lib-pq": NONE,
    pgjdbc: { sslResponseTimeout: 1000, loginTimeout: 1, connectTimeout: 1 },
    hikaricp: {
      ...{ sslResponseTimeout: 1000, loginTimeout: 1, connectTimeout: 1 },
      ...{ setConnectionTimeout: 1000, setInitializationFailTimeout: 1000 },
    },
    npgsql: { Timeout: 1 },
    sqlx: { from_secs: 1 },
    "tokio-postgres": NONE,
  },
  redis: {
    "redis-cli": NONE,
    "redis-py": { socket_timeout: 1, socket_connect_timeout: 1 },
    celery: { socket_timeout: 1, socket_connect_timeout: 1 },
    ioredis: { connectTimeout: 1000 },
    "node-redis": { connectTimeout: 1000, "commandOptions.+timeout": 1000 },
    bullmq: { connectTimeout: 1000 },
    "go-redis": { "DialTimeout, options.ReadTimeout": 1, "Second,": 1 },
    jedis: { timeoutMillis: 1000 },
    lettuce: { timeout: 1, ofSeconds: 1 },
  },
  mysql: {
    mysql: { "connect-timeout": 1 },
    mysql2: { connectTimeout: 1000 },
    pymysql: { connect_timeout: 1 },
    "sqlalchemy-pymysql": { connect_timeout: 1, pool_timeout: 1 },
    "go-sql-driver": NONE,
    "connector-j": NONE,
  },
  rabbitmq: {
    pika: { socket_timeout: 1, stack_timeout: 1 },
    celery: { broker_connection_timeout: 1 },
    amqplib: NONE,
    "amqp091-go": { connection_timeout: 1000 },
    "rabbitmq-java": { setHandshakeTimeout: 2000 },
  },
  mongodb: Object.fromEntries(
    ["mongosh", "mongodb-node", "pymongo", "mongo-go"].map((client) => [
      client,
      { serverSelectionTimeoutMS: 1000, connectTimeoutMS: 1000 },
    ]),
  ),
  elasticsearch: {
    curl: "it waits 300 s for TCP and TLS, and for an answer as long as it takes",
    "elasticsearch-js": { requestTimeout: 1000 },
    "elasticsearch-py": { timeout: 1 },
    "go-elasticsearch": NONE,
  },
  scylladb: {
    cqlsh: NEVER_HELD,
    "cassandra-driver-js": NEVER_HELD,
    "cassandra-driver-py": NEVER_HELD,
    gocql: NEVER_HELD,
  },
  rethinkdb: { "rethinkdb-py": { timeout: 1 }, "rethinkdb-ts": { timeout: 1 } },
};

test("no form gives up before a hold ends, whatever hold a deployment has", () => {
  for (const engine of engines)
    assert.deepEqual(Object.keys(WAITS[engine]).sort(), [...named(engine)].sort(), engine);
  for (const { engine, client, form } of every)
    for (const hold of [0, 30, 120]) {
      const patience = patienceOf(hold);
      const text = form({ ...access, patience }).replaceAll(/(?<=\d)_(?=\d)/g, "");
      const waits = WAITS[engine][client] ?? {};
      const named = typeof waits === "string" ? {} : waits;
      assert.deepEqual(tooShort(text, named, patience), [], `${engine} ${client}`);
      if (waits !== named) assert.equal(text, form(access), `${engine} ${client}`);
    }
});

/** The time-outs that are missing or below `patience`: those of the names, and whatever else is called one. */
function tooShort(
  text: string,
  named: Readonly<Record<string, number>>,
  patience: number,
): readonly string[] {
  const formOf = (name: string) =>
    Number(new RegExp(`(?<!\\w)${name}\\W*(\\d+)`).exec(text)?.[1] ?? Number.NaN);
  const others = [...text.matchAll(/timeout\w*\W*(\d+)/gi)];
  return [
    ...Object.entries(named)
      .filter(([name, second]) => !(formOf(name) >= patience * second))
      .map(([name]) => name),
    ...others.filter(([, value]) => Number(value) < patience).map(([constant]) => constant),
  ];
}

test("what is never held has endpoints of single nodes alone", () => {
  const { endpoints } = catalogue.scylladb;
  for (const { route } of endpoints(["a", "b", "c"])) assert.equal(route, "node");
});

test("no form turns verification off", () => {
  // tokio-postgres knows no mode that verifies: the connector that it is given does.
  for (const { engine, client, form } of every.filter(({ language }) => language !== "rust"))
    assert.doesNotMatch(
      form(access),
      /sslmode=(require|prefer|disable)|rejectUnauthorized: false|CERT_NONE|InsecureSkipVerify|verify=verify_none/,
      `${engine} ${client}`,
    );
});

test("no PostgreSQL form has a parameter that a driver would hand on to the server", () => {
  for (const form of Object.values(formsOf("postgresql", access)))
    assert.doesNotMatch(form, /tcp_user_timeout/);
});

test("a name with a quote, a blank or a percent sign stays one string in every form", () => {
  const odd = { ...access, password: `it's "50%" \\n` };
  for (const { engine, client, form, language } of every) {
    const text = form(odd);
    const raw = [`it's "50%" \\n`, JSON.stringify(odd.password).slice(1, -1)];
    const escaped = [encodeURIComponent(odd.password), `it'\\''s "50%" \\n'`];
    // Within a shell's word a quote ends it, says itself, and begins it again.
    const unescaped = text.replaceAll(`'\\''`, "'");
    const encoded = [...raw, ...escaped, ...raw.map(encodeURIComponent)].some((each) =>
      unescaped.includes(each),
    );
    assert.ok(encoded, `${engine} ${client} (${language}): ${text}`);
  }
});

test("Connector/J verifies, and writes through the second portal too", () => {
  const { "connector-j": url = "" } = formsOf("mysql", access);
  assert.match(url, /sslMode=VERIFY_IDENTITY/);
  assert.match(url, /trustCertificateKeyStoreUrl=file:\S+ca\.p12/);
  assert.match(url, /failOverReadOnly=false/);
});

test("SQLAlchemy's URL keeps the authority for PyMySQL, and verifies the name", () => {
  const { "sqlalchemy-pymysql": form = "" } = formsOf("mysql", access);
  const options = new URL(/"(mysql\S+)"/.exec(form)?.[1] ?? "").searchParams;
  assert.equal(options.get("ssl_ca"), access.caFile);
  assert.equal(options.get("ssl_check_hostname"), "true");
  // PyMySQL replaces what SQLAlchemy hands over by what these say.
  assert.deepEqual(
    [...options.keys()].filter((key) => key.startsWith("ssl_verify")),
    [],
  );
});

test("docs/clients.md is what the table makes", async () => {
  const file = join(import.meta.dirname, "../../docs/clients.md");
  assert.equal(await readFile(file, "utf8"), clientsDocument(), "npm run docs:clients");
});

test("the document tells of no run that no test makes", () => {
  for (const { engine, client } of every)
    if (seenOf(engine, client)) assert.ok(isRun(client), `${engine} ${client}`);
  for (const engine of engines)
    for (const client of Object.keys(catalogue[engine].clients.notes ?? {}))
      assert.ok(named(engine).includes(client), `${engine} ${client} has notes, and no form`);
});

const outputs = {
  orders: {
    engine: "mysql",
    saveTrustStore: "keytool …",
    endpoints: { primary: { clients: formsOf("mysql", access) } },
  },
};

test("portico connect lists the deployments, an engine's clients, prints a form, and names what there is", () => {
  assert.match(connectText(outputs, {}).text, /^portico connect orders +mysql$/m);
  assert.match(connectText(outputs, { deployment: "orders" }).text, /mysql2[\s\S]*connector-j/);
  const { notes, text } = connectText(outputs, { deployment: "orders", client: "connector-j" });
  assert.match(notes.join("\n"), /^# Once: keytool …\n# Taken as: [^\n]+$/);
  assert.match(text, /^jdbc:mysql:[^\n]+$/, "a script takes it as it is");
  for (const asked of [
    { deployment: "toString" },
    { deployment: "orders", client: "oracle" },
    { deployment: "orders", endpoint: "any", client: "mysql" },
  ])
    assert.throws(() => connectText(outputs, asked), /There is no \w+ \w+: it can be \w+/);
});

test("portico connect says what to do with the outputs of an older stack", () => {
  const older = { orders: { engine: "mysql", endpoints: { primary: { uri: "mysql://" } } } };
  assert.throws(() => connectText(older, { deployment: "orders", client: "mysql" }), /npm start/);
});
