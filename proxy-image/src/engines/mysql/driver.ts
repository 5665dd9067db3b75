import type { Connection, ConnectionOptions } from "mysql2";
import { createConnection } from "mysql2";

/** All that is taken of MySQL's driver. */
export function openConnection(options: ConnectionOptions): Connection {
  const connection = createConnection(options);
  guard(connection);
  return connection;
}

/**
 * A packet that answers no question is read outside of any `try`: one that is cut short would throw out of the socket's event, and
 * end the process. The driver would only warn of one out of order, and take it for the answer.
 */
function guard(connection: Connection): void {
  const inner = connection as unknown as { handlePacket(packet?: unknown): void };
  const { handlePacket } = inner;
  inner.handlePacket = (packet) => {
    try {
      handlePacket.call(connection, packet);
    } catch (error) {
      connection.emit("error", error);
    }
  };
  connection.on("warn", (error) => {
    throw error;
  });
}
