import type { Access, Clients } from "../client-form.ts";
import { AS_PRINTED, first, inUri, lines, quoted, shell } from "../client-form.ts";
import { hostList, pathOf } from "../uri.ts";

export const clients: Clients = {
  about: `Every open session ends at a switchover and a kill, and its client gets an error: PostgreSQL's \`57P01\` (\`terminating connection due to
administrator command\`), or a bare end of the connection. A pool that looks before it hands out a session hides most of them. A new connection waits. \`pg_dump\` and \`pg_restore\` must be of PostgreSQL 17 or
newer: Debian 12's \`pg_dump\` 15 refuses the server.`,
  forms: [
    {
      client: "psql",
      title: "psql, and what else takes libpq's URI",
      language: "shell",
      allPortals: true,
      form: (access) =>
        `PGPASSWORD=${shell(access.password)} psql "${uri(access, { ...target(access), ...VERIFIED(access) }).replace(/:[^:@/]*@/, "@")}"`,
    },
    {
      client: "psycopg",
      title: "psycopg 3",
      language: "connection string",
      takes: "psycopg.connect(form)",
      allPortals: true,
      form: libpq,
    },
    {
      client: "psycopg-pool",
      title: "psycopg_pool",
      language: "python",
      allPortals: true,
      form: (access) =>
        lines(
          "from psycopg_pool import ConnectionPool",
          `pool = ConnectionPool(${quoted(libpq(access))},`,
          `    timeout=${access.patience}, check=ConnectionPool.check_connection, open=True)`,
        ),
    },
    {
      client: "sqlalchemy",
      title: "SQLAlchemy with psycopg",
      language: "python",
      allPortals: true,
      form: (access) => {
        const { login, what } = inUri(access);
        const hosts = access.hosts.map(({ host, port }) => `host=${host}:${port}`);
        const uri = `postgresql+psycopg://${login}/${what}?${hosts.join("&")}&${query(LIBPQ(access))}`;
        return lines(
          "from sqlalchemy import create_engine",
          `engine = create_engine(${quoted(uri)},`,
          `    pool_pre_ping=True, pool_timeout=${access.patience})`,
        );
      },
    },
    {
      client: "sqlalchemy-asyncpg",
      title: "SQLAlchemy with asyncpg",
      language: "python",
      allPortals: true,
      form: (access) => {
        const { login, what } = inUri(access);
        const hosts = access.hosts.map(({ host, port }) => `host=${host}:${port}`);
        return lines(
          "import ssl",
          "from sqlalchemy.ext.asyncio import create_async_engine",
          `engine = create_async_engine(${quoted(`postgresql+asyncpg://${login}/${what}?${hosts.join("&")}`)}, pool_pre_ping=True, pool_timeout=${access.patience},`,
          `    connect_args={"ssl": ssl.create_default_context(cafile=${quoted(access.caFile)}), "timeout": ${access.patience},`,
          `                  "target_session_attrs": ${quoted(target(access).target_session_attrs)}})`,
        );
      },
    },
    {
      client: "asyncpg",
      title: "asyncpg",
      language: "python",
      allPortals: true,
      form: (access) =>
        lines(
          "import asyncpg",
          `pool = await asyncpg.create_pool(${quoted(uri(access, { ...target(access), ...VERIFIED(access) }))},`,
          `    min_size=1, timeout=${access.patience})`,
        ),
    },
    {
      client: "node-postgres",
      title: "node-postgres (pg)",
      language: "javascript",
      form: (access) =>
        lines(
          `import pg from "pg";`,
          `const pool = new pg.Pool({ connectionString: ${quoted(single(access))} });`,
          `pool.on("error", (error) => console.error(error.message)); // an idle session was cut: without this the process ends`,
        ),
    },
    {
      client: "postgres.js",
      title: "postgres.js",
      language: "javascript",
      allPortals: true,
      form: (access) =>
        lines(
          `import { readFileSync } from "node:fs";`,
          `import postgres from "postgres";`,
          `const sql = postgres(${quoted(uri(access, target(access)))},`,
          `  { ssl: { ca: readFileSync(${quoted(access.caFile)}) }, connect_timeout: ${access.patience} });`,
        ),
    },
    {
      client: "pgx",
      title: "pgx",
      language: "connection string",
      takes: "pgxpool.New(ctx, form)",
      allPortals: true,
      form: libpq,
    },
    {
      client: "lib-pq",
      title: "lib/pq",
      language: "connection string",
      takes: `sql.Open("postgres", form)`,
      form: single,
    },
    {
      client: "pgjdbc",
      title: "pgjdbc",
      language: "connection string",
      takes: "DriverManager.getConnection(form)",
      allPortals: true,
      form: jdbc,
    },
    {
      client: "hikaricp",
      title: "HikariCP with pgjdbc",
      language: "java",
      imports: ["com.zaxxer.hikari.*"],
      allPortals: true,
      form: (access) =>
        lines(
          "var config = new HikariConfig();",
          `config.setJdbcUrl(${quoted(jdbc(access))});`,
          "config.setMinimumIdle(1);",
          `config.setConnectionTimeout(${access.patience}_000);`,
          `config.setInitializationFailTimeout(${access.patience}_000);`,
          "var pool = new HikariDataSource(config);",
        ),
    },
    {
      client: "npgsql",
      title: "Npgsql",
      language: "connection string",
      takes: "new NpgsqlDataSourceBuilder(form).BuildMultiHost()",
      allPortals: true,
      form: ({ hosts, user, password, database, route, caFile, patience }) =>
        [
          `Host=${hostList(hosts)}`,
          ...[`Username=${user}`, `Password=${password}`, `Database=${database}`],
          ...["SSL Mode=VerifyFull", `Root Certificate=${caFile}`],
          `Target Session Attributes=${route === "primary" ? "read-write" : "any"}`,
          `Timeout=${patience}`,
        ].join(";"),
    },
    {
      client: "sqlx",
      title: "sqlx",
      language: "rust",
      form: (access) =>
        lines(
          "let pool = sqlx::postgres::PgPoolOptions::new()",
          `    .acquire_timeout(std::time::Duration::from_secs(${access.patience}))`,
          `    .connect(${quoted(single(access))}).await?;`,
        ),
    },
    {
      client: "tokio-postgres",
      title: "tokio-postgres with postgres-native-tls",
      language: "rust",
      allPortals: true,
      form: (access) =>
        lines(
          `let ca = native_tls::Certificate::from_pem(&std::fs::read(${quoted(access.caFile)})?)?;`,
          "let tls = native_tls::TlsConnector::builder().add_root_certificate(ca).disable_built_in_roots(true).build()?;",
          `let uri = ${quoted(uri(access, { ...target(access), sslmode: "require" }))};`,
          "let (client, connection) = tokio_postgres::connect(uri, postgres_native_tls::MakeTlsConnector::new(tls)).await?;",
          "tokio::spawn(connection);",
        ),
    },
  ],
  notes: {
    psql: {
      typed: AS_PRINTED,
      traps: [
        "`sslnegotiation=direct` and `channel_binding=require` work too.",
        "The password is in psql's environment, not in its arguments.",
      ],
    },
    psycopg: {
      traps: ["A connection that was cut stays broken: connect anew, which waits out the hold."],
    },
    "psycopg-pool": {
      traps: [
        "Its own time-out is 30 s, as long as a hold: the form has more.",
        "`check` replaces sessions that were cut before they are handed out.",
      ],
    },
    sqlalchemy: {
      traps: [
        "The hosts are parameters, since its URLs have room for one port.",
        "`pool_pre_ping=True` replaces sessions that were cut.",
        "Who waits for a session of a full pool gives up after 30 s without `pool_timeout`.",
      ],
    },
    "sqlalchemy-asyncpg": {
      traps: [
        "`sslmode` and `sslrootcert` in its URL fail (`unexpected keyword argument`): the context carries the authority.",
      ],
    },
    asyncpg: {
      traps: [
        "The last lines stand in an `async` function.",
        "It reports a switchover as `InternalClientError: cannot switch to state 12` or `ConnectionDoesNotExistError`, no class of PostgreSQL's: catch `(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)`.",
      ],
    },
    "node-postgres": {
      traps: [
        "Without an `error` listener an idle client that is cut ends the process, on a `Pool` and on a `Client`.",
        "Several hosts in the string are `ERR_INVALID_URL`.",
      ],
    },
    "postgres.js": {
      traps: ["It sends every parameter that it doesn't know to the server: `sslrootcert` fails."],
    },
    pgx: {
      traps: [
        "`tls error: EOF` is what it says when a hold ends without a leader.",
        "Its pool gives up after two minutes without `connect_timeout`.",
      ],
    },
    "lib-pq": {
      traps: [
        "It takes the list of hosts for one name.",
        "`database/sql` repeats a statement silently where it takes the connection for dead before: a row was written twice once. Give rows a key.",
      ],
    },
    pgjdbc: {
      traps: [
        "`user:password@` in the URL is not read: `no password was provided`.",
        "It gives up after 5 s of a hold without `sslResponseTimeout` (milliseconds).",
      ],
    },
    hikaricp: {
      traps: [
        "`connectionTimeout` is 30 s as it comes, and a pool that starts in a hold gives up with its first failure.",
        "Without `setMinimumIdle(1)` each pool opens ten sessions at once, of 45 that a portal gives by default.",
      ],
    },
    npgsql: {
      untried: "NuGet's registry was out of reach where this was built",
      traps: ["Several hosts need `BuildMultiHost()`."],
    },
    sqlx: { traps: ["`acquire_timeout` of the pool is 30 s as it comes."] },
    "tokio-postgres": {
      traps: [
        "It knows no `verify-full`: with `require` the connector that it is given verifies, this one certificate and name.",
      ],
    },
  },
};

function libpq(access: Access): string {
  return uri(access, LIBPQ(access));
}

function jdbc(access: Access): string {
  const { user, password, patience, hosts, route } = access;
  const options = query({
    ...{ user: encodeURIComponent(user), password: encodeURIComponent(password) },
    targetServerType: route === "primary" ? "primary" : "any",
    ...VERIFIED(access),
    // Milliseconds, where loginTimeout and connectTimeout are seconds.
    ...{ sslResponseTimeout: patience * 1000, loginTimeout: patience, connectTimeout: patience },
  });
  return `jdbc:postgresql://${hostList(hosts)}/${inUri(access).what}?${options}`;
}

/** Clients that know neither several hosts nor whom to look for among them. */
function single(access: Access): string {
  return uri({ ...access, hosts: [first(access)] }, VERIFIED(access));
}

const VERIFIED = ({ caFile }: Access) => ({ sslmode: "verify-full", sslrootcert: pathOf(caFile) });

const target = ({ route }: Access) => ({
  target_session_attrs: route === "primary" ? "read-write" : "any",
});

/** libpq itself has no time-out; psycopg's is 130 s, that of pgx's pool 120 s. */
const LIBPQ = (access: Access) => ({
  ...target(access),
  ...VERIFIED(access),
  connect_timeout: access.patience,
});

function uri(access: Access, options: Readonly<Record<string, string | number>>): string {
  const { login, what } = inUri(access);
  return `postgresql://${login}${hostList(access.hosts)}/${what}?${query(options)}`;
}

/** Values are encoded already. */
function query(options: Readonly<Record<string, string | number>>): string {
  return Object.entries(options)
    .map(([key, value]) => `${key}=${value}`)
    .join("&");
}
