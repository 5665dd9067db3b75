import { type Document, MongoClient } from "mongodb";

import { notRefused } from "../../../tests/support/refused.ts";
import type { Driver, Target } from "../../../tests/support/writer.ts";

/** Longer than any hold: whoever waits longer than this hangs. */
const LONGEST_WAIT = 60_000;

/** A client of one connection. The server's certificate is always verified, unless it is plain. */
export function clientFor(target: Target): MongoClient {
  const { host, port, user, password, database, ca, plain } = target;
  const at = `mongodb://${user}:${password}@${host}:${port}/${database}`;
  return new MongoClient(`${at}?directConnection=true`, {
    ...(!plain && { tls: true, ca }),
    maxPoolSize: 1,
    retryWrites: false,
    serverSelectionTimeoutMS: LONGEST_WAIT,
    connectTimeoutMS: LONGEST_WAIT,
    socketTimeoutMS: LONGEST_WAIT,
  });
}

/** Inserts ids into a collection. A session ends with its connection: the driver's own silent reconnects would hide what is measured. */
export function inserting(collection: string): Driver {
  return {
    connect: async (target) => {
      const client = clientFor(target);
      const end = () => client.close().catch(() => {});
      try {
        await client.connect();
        const { me = "" } = await client.db().command({ hello: 1 });
        const server = String(me).replace(/:\d+$/, "");
        return { write: (id) => insert(client, collection, id).then(() => server), end };
      } catch (error) {
        // A client left open asks its server for news for good, and keeps the process alive with it.
        await end();
        throw error;
      }
    },
  };
}

async function insert(client: MongoClient, collection: string, id: string): Promise<void> {
  await client.db().command({ insert: collection, documents: [{ _id: id }] });
}

const mallory = { pwd: "mine", roles: [{ role: "root", db: "admin" }] };

/** Commands that an application must be refused, by database (undefined: its own): whatever is about the servers, users or others' data. */
const NOT_FOR_APPLICATIONS: readonly (readonly [string | undefined, Document])[] = [
  ...[
    ...[{ shutdown: 1 }, { shutdown: 1, force: true }, { fsync: 1, lock: true }, { logRotate: 1 }],
    ...[{ replSetStepDown: 60, force: true }, { replSetFreeze: 3600 }, { replSetMaintenance: 1 }],
    { replSetReconfig: { _id: "carts", version: 2, members: [] }, force: true },
    ...[{ replSetSyncFrom: "192.0.2.1:27017" }, { replSetResizeOplog: 1, size: 990 }],
    ...[{ replSetGetConfig: 1 }, { replSetGetStatus: 1 }, { serverStatus: 1 }, { hostInfo: 1 }],
    ...[{ setParameter: 1, logLevel: 5 }, { getParameter: "*" }, { getCmdLineOpts: 1 }],
    ...[{ getLog: "global" }, { top: 1 }, { currentOp: 1, $all: true }, { killOp: 1, op: 1 }],
    ...[{ setFeatureCompatibilityVersion: "8.0", confirm: true }, { rotateCertificates: 1 }],
    ...[{ killAllSessions: [] }, { setDefaultRWConcern: 1, defaultWriteConcern: { w: 1 } }],
    ...[
      { createUser: "mallory", ...mallory },
      { updateUser: "admin", pwd: "mine" },
    ],
    ...[{ createRole: "mine", privileges: [], roles: ["root"] }, { usersInfo: 1 }],
    ...[{ find: "system.users" }, { insert: "mine", documents: [{ x: 1 }] }, { dropDatabase: 1 }],
  ].map((command) => ["admin", command] as const),
  ["local", { find: "oplog.rs" }],
  ["local", { insert: "mine", documents: [{ x: 1 }] }],
  ["config", { find: "system.sessions" }],
  ["another", { insert: "mine", documents: [{ x: 1 }] }],
  ["another", { find: "mine" }],
  [undefined, { createUser: "mallory", ...mallory, roles: ["readWrite"] }],
  [undefined, { usersInfo: 1 }],
  [undefined, { dropAllUsersFromDatabase: 1 }],
  [undefined, { createRole: "mine", privileges: [], roles: [] }],
  [undefined, { grantRolesToUser: "carts", roles: ["userAdmin"] }],
];

/** How a server says so. */
const LACKS_THE_RIGHT = /^not authorized on/;

/** Which of them are not refused to an application. `ask` rejects with the server's message; `db` is its own database where it is absent. */
export function allowedToApplications(
  ask: (db: string | undefined, command: Document) => Promise<unknown>,
): Promise<readonly string[]> {
  const attempts = new Map(
    NOT_FOR_APPLICATIONS.map(([db, command]) => [
      `${JSON.stringify(command)} on ${db ?? "its own"}`,
      () => ask(db, command),
    ]),
  );
  const attempt = async (what: string) => attempts.get(what)?.();
  return notRefused([...attempts.keys()], attempt, LACKS_THE_RIGHT);
}
