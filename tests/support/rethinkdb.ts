import type { Connection } from "rethinkdb-ts";
import { r } from "rethinkdb-ts";

import type { Driver, Target } from "./writer.ts";

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
