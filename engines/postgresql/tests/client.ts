import pg from "pg";

import type { Driver, Target } from "../../../tests/support/writer.ts";

/** Longer than any hold: whoever waits longer than this hangs. */
const LONGEST_WAIT = 60_000;

/** Ends a client. One whose connection broke at the wrong moment never says that it has ended. */
export async function farewell(client: pg.Client): Promise<void> {
  let patience: NodeJS.Timeout | undefined;
  const over = new Promise((resolve) => {
    patience = setTimeout(resolve, 1000);
  });
  await Promise.race([client.end().catch(() => {}), over]);
  clearTimeout(patience);
}

/** A client whose errors between statements don't end the process: the next statement tells of them. */
export function clientFor({ host, port, user, password, database, ca }: Target): pg.Client {
  const client = new pg.Client({
    host,
    port,
    user,
    password,
    database,
    ssl: { ca, rejectUnauthorized: true },
    keepAlive: true,
    application_name: "portico-writer",
    connectionTimeoutMillis: LONGEST_WAIT,
    query_timeout: LONGEST_WAIT,
  });
  client.on("error", () => {});
  return client;
}

/** Inserts ids into a table, each in a transaction of its own. */
export function inserting(table: string): Driver {
  return {
    connect: async (target) => {
      const client = clientFor(target);
      try {
        await client.connect();
      } catch (error) {
        await farewell(client);
        throw error;
      }
      return {
        write: async (id) => {
          const { rows } = await client.query(
            `INSERT INTO ${table} (id) VALUES ($1) RETURNING host(inet_server_addr()) AS server`,
            [id],
          );
          return String(rows[0]?.server);
        },
        end: () => farewell(client),
      };
    },
  };
}
