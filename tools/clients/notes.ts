import type { Engine } from "../../engines/table.ts";
import seen from "./seen.json" with { type: "json" };

/** What was seen of one client, as docs/clients.md explains it. */
export interface Seen {
  readonly version: string;
  /** With the deployment's authority; with another one. */
  readonly pasted: string;
  readonly switchover: string;
  readonly kill: string;
  readonly hold: string;
}

export const seenOf = (engine: Engine, client: string): Seen | undefined =>
  (seen as Readonly<Record<string, Readonly<Record<string, Seen>>>>)[engine]?.[client];

/** What is known of one client beside its form. */
export interface Note {
  /** Why it hasn't been tried. */
  readonly untried?: string;
  /** How it is run, where that isn't among the libraries. */
  readonly typed?: string;
  /** Sentences. */
  readonly traps?: readonly string[];
}

interface Notes {
  readonly about?: string;
  readonly clients: Readonly<Record<string, Note>>;
}

const SHELL = "run by a test as `npm start` prints it";
const FORM = `${SHELL}, and by this form`;

export const notes: Readonly<Record<Engine, Notes>> = {
  postgresql: {
    about: `Every open session ends at a switchover and a kill, and its client gets an error: PostgreSQL's \`57P01\` (\`terminating connection due to
administrator command\`), or a bare end of the connection. A pool that looks before it hands out a session hides most of them. A new connection waits. \`pg_dump\` and \`pg_restore\` must be of PostgreSQL 17 or
newer: Debian 12's \`pg_dump\` 15 refuses the server.`,
    clients: {
      psql: {
        typed: SHELL,
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
        traps: [
          "It sends every parameter that it doesn't know to the server: `sslrootcert` fails.",
        ],
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
  },
  redis: {
    about: `A portal ends TLS itself. A client whose connection is held waits for its first command's answer, so its command time-out decides;
the handshake is done at once. Every open session ends at a switchover. A write is acknowledged before a replica has it:
none was lost in these runs, and that is no promise.`,
    clients: {
      "redis-cli": {
        typed: SHELL,
        traps: ["It verifies who signed the certificate, not the name in it."],
      },
      "redis-py": {
        traps: [
          "`Redis()` repeats a command up to ten times, `from_url()` never: this is why the form isn't a URL.",
          "A repeated `INCR` or `LPUSH` may count twice.",
        ],
      },
      celery: {
        traps: [
          "kombu refuses the URL without `ssl_cert_reqs`.",
          "The list with `;` is of brokers: a result backend takes the first URL alone.",
          "kombu 5.7.0 imports `packaging`, and doesn't install it.",
        ],
      },
      ioredis: {
        traps: [
          "It retries a certificate that it doesn't trust without end: look at its `error` events.",
          "It repeats commands that were under way.",
        ],
      },
      "node-redis": {
        traps: [
          "Without an `error` listener the process ends.",
          "Its connect time-out is 5 s as it comes, and so is a command's that waits for the connection to come back.",
        ],
      },
      bullmq: {
        traps: [
          "A job that was `active` when its worker was cut stays so until the lock ends (30 s), then it is done again.",
          "A `Worker` takes the same `connection`.",
        ],
      },
      "go-redis": { traps: ["`DialTimeout` is 5 s and `ReadTimeout` 3 s as they come."] },
      jedis: { traps: ["2 s as it comes, for everything."] },
      lettuce: { traps: ["It reconnects by itself, and repeats what wasn't answered."] },
    },
  },
  mysql: {
    about: `TLS passes through to the servers, so a connection that is held has no greeting yet. Sessions end at a switchover (\`offline_mode\`), and with a
bare end at a kill.`,
    clients: {
      mysql: {
        typed: `${FORM}, with the client of the node's image`,
        traps: ["MariaDB's client has other options: `--ssl-verify-server-cert` for `--ssl-mode`."],
      },
      mysql2: {
        traps: [
          "Its `connectTimeout` is 10 s as it comes.",
          "A URI has room for the authority alone, not for its file.",
        ],
      },
      pymysql: {},
      "sqlalchemy-pymysql": {
        traps: [
          "PyMySQL's own `ssl_verify_cert` and `ssl_verify_identity` don't belong in its URL: with them PyMySQL forgets the authority (`self-signed certificate in certificate chain`).",
        ],
      },
      "go-sql-driver": {
        traps: [
          "`RegisterTLSConfig` is for the process: one name a deployment.",
          "A write that failed may have been done: half of them were in the table in an earlier run.",
          "`invalid connection` is not repeated once a statement was sent.",
        ],
      },
      "connector-j": {
        traps: [
          "MySQL's other URIs, with `jdbc:` in front, connect **without verifying anything**.",
          "Without `failOverReadOnly=false` a connection to the second portal is read-only.",
          "Java reads no PEM as a trust store, so it needs the file.",
        ],
      },
    },
  },
  rabbitmq: {
    about: `Any node serves; a connection ends with its node, and a new one is served by another at once. Nothing is held while a node serves. Publish with
confirms. amqp-tools have no form: they look for a certificate's DNS names alone (\`SSL hostname verification failed\`), and portals have addresses.`,
    clients: {
      pika: {
        traps: [
          "The output `uri` has `cacertfile`, which pika refuses (`Unknown URL parameter`): use this form.",
        ],
      },
      celery: {
        traps: [
          "`server_hostname: None` has kombu verify the name of the portal that it connects to.",
          "kombu 5.7.0 imports `packaging`, and doesn't install it.",
        ],
      },
      amqplib: {
        traps: [
          "Without an `error` listener on the connection the process ends.",
          "It doesn't reconnect.",
        ],
      },
      "amqp091-go": { traps: ["It doesn't reconnect: watch `NotifyClose`."] },
      "rabbitmq-java": {
        traps: [
          "It recovers connections and channels by itself.",
          "It gives half of the handshake's time to the server's first word, which a hold keeps back.",
        ],
      },
    },
  },
  mongodb: {
    about: "The server here is a stand-in: what was seen is the drivers' part alone.",
    clients: {
      mongosh: { typed: FORM },
      "mongodb-node": {},
      pymongo: {},
      "mongo-go": {},
    },
  },
  elasticsearch: {
    about:
      "Clients must not sniff: they would be told private addresses. The clients of version 8 refuse a server of version 7.",
    clients: {
      curl: { typed: FORM },
      "elasticsearch-js": {},
      "elasticsearch-py": {},
      "go-elasticsearch": {},
    },
  },
  scylladb: {
    about: `Drivers learn the nodes' private addresses; the form translates each into a portal's. Those for Node.js and Python write and read with
LOCAL_ONE as they come: what one node alone has may be missing after its loss, and for a while in an answer of another. The runs here used
LOCAL_QUORUM. The server is Apache Cassandra 5.0. Java's driver takes a translator as a class named in its configuration, which is more than a
form: [engines/scylladb](../engines/scylladb/README.md).`,
    clients: {
      cqlsh: {
        typed: FORM,
        traps: ["Apache Cassandra's own cqlsh verifies no certificate, whatever it is told."],
      },
      gocql: {
        traps: [
          "The first two lines stand outside the function.",
          "Its `AddressTranslator` won't do: host policies know one node an address, so that of nodes behind one portal one is used, and none once that is down.",
        ],
      },
    },
  },
  rethinkdb: {
    about: "The server here is a stand-in.",
    clients: {},
  },
};

/** Where neither a run nor a reason of its own is noted. */
export const NOT_RUN = "no run yet";
