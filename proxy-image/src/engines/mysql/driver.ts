import type { Connection, ConnectionOptions } from "mysql2";
import { createConnection } from "mysql2";

/** All that is taken of MySQL's driver. */
export function openConnection(options: ConnectionOptions): Connection {
  return createConnection(options);
}
