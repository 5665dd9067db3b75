import type { Connection, RQuery } from "rethinkdb-ts";
import { r } from "rethinkdb-ts";

import type { Driver, Target } from "../../../tests/support/writer.ts";

export const TABLE = "written";

/** Longer than any hold, in seconds: whoever waits longer than this hangs. */
const LONGEST_WAIT = 60;

/** A connection, its certificate verified. One that is lost stays lost. */
export function connect({ host, port, user, password, database, ca }: Target): Promise<Connection> {
  return r.connect({
    server: { host, port, tls: true, ca },
    user,
    password,
    db: database,
    timeout: LONGEST_WAIT,
    silent: true,
  });
}

/** What a URI of the outputs says, for a driver that takes no URI. */
export function targetOf(uri: string, ca: string): Target {
  const { hostname: host, port, username: user, password, pathname } = new URL(uri);
  return { host, port: Number(port), user, password, database: pathname.slice(1), ca };
}

/** The server that a connection is on, as that server says itself. */
export async function serverOf(connection: Connection): Promise<string> {
  const { name } = await connection.server();
  return name;
}

/** Inserts ids, each acknowledged on its own. `addresses`: each node's, by its name. */
export function inserting(addresses: Readonly<Record<string, string>>): Driver {
  return {
    connect: async (target) => {
      const connection = await connect(target);
      const end = () => connection.close().catch(() => {});
      try {
        const server = addresses[await serverOf(connection)] ?? "unknown";
        return { write: (id) => insert(connection, id).then(() => server), end };
      } catch (error) {
        await end();
        throw error;
      }
    },
  };
}

async function insert(connection: Connection, id: string): Promise<void> {
  const { inserted, first_error } = await r.table(TABLE).insert({ id }).run(connection);
  if (inserted !== 1) throw new Error(first_error ?? "nothing was inserted");
}

/** The ids of all documents that are in the table now. */
export async function idsIn(target: Target): Promise<ReadonlySet<string>> {
  const connection = await connect(target);
  try {
    const ids = await r.table(TABLE).getField("id").coerceTo("array").run(connection);
    return new Set(ids.map(String));
  } finally {
    await connection.close();
  }
}

const system = (table: string) => r.db("rethinkdb").table(table);

/** What an application must be refused: whatever is about the servers, their users or other databases. */
export const NOT_FOR_APPLICATIONS: Readonly<Record<string, RQuery>> = {
  ...Object.fromEntries(
    ["users", "permissions", "cluster_config", "server_config", "table_config", "db_config"]
      .concat("server_status", "table_status", "current_issues", "jobs", "logs", "stats")
      .map((table) => [`read ${table}`, system(table)]),
  ),
  "add a user": system("users").insert({ id: "mallory", password: "mine" }),
  "change the administrator's password": system("users").get("admin").update({ password: "mine" }),
  "remove the portals' user": system("users").get("portal").delete(),
  "take rights": system("permissions").insert({ user: "mallory", permissions: { config: true } }),
  "give rights": r.grant("portal", { read: true, write: true, config: true }),
  "give rights to the servers' own tables": r.db("rethinkdb").grant("portal", { write: true }),
  "change the cluster": system("cluster_config")
    .get("heartbeat")
    .update({ heartbeat_timeout_secs: 3600 }),
  "change the servers": system("server_config").update({ tags: ["mine"] }),
  "change how tables are spread": system("table_config").update({ write_acks: "single" }),
  "end others' work": system("jobs").delete(),
  "make a database": r.dbCreate("mine"),
  "have the server ask others": r.http("http://127.0.0.1:8080/"),
};

/** How a server says so. */
export const LACKS_THE_RIGHT = /does not have the required/;
