import type { Connection, RowDataPacket } from "mysql2/promise";
import { createConnection } from "mysql2/promise";

import type { Driver, Target } from "../../../tests/support/writer.ts";

/** Longer than any hold: whoever waits longer than this hangs. */
const LONGEST_WAIT = 60_000;

/** A session whose certificate is fully verified. */
export function sessionOn({
  ca,
  host,
  port,
  user,
  password,
  database,
}: Target): Promise<Connection> {
  return createConnection({
    ...{ host, port, user, password, database },
    ssl: { ca, verifyIdentity: true },
    connectTimeout: LONGEST_WAIT,
  });
}

/** Inserts ids into a table, each in a transaction of its own, and learns the address of the node that did. */
export function inserting(table: string): Driver {
  return {
    connect: async (target) => {
      const session = await sessionOn(target);
      // A session that breaks between two statements must not end the process: the next statement tells of it.
      session.on("error", () => {});
      return {
        write: async (id) => {
          await session.query(
            { sql: `INSERT INTO ${table} (id) VALUES (?)`, timeout: LONGEST_WAIT },
            [id],
          );
          const [rows] = await session.query<RowDataPacket[]>("SELECT @@report_host AS server");
          return String(rows[0]?.server);
        },
        end: async () => session.destroy(),
      };
    },
  };
}
