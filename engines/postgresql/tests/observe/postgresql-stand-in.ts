import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createServer } from "node:net";

/** Accepts as PostgreSQL does before a login, and falls silent on demand, as the kernel of a frozen node lets it. */
export interface PostgresqlStandIn {
  readonly port: number;
  /** What it answers to the first message. Empty: nothing. */
  says: string;
  readonly connections: Set<Socket>;
  stop(): Promise<void>;
}

export async function startPostgresql(): Promise<PostgresqlStandIn> {
  const server = createServer();
  const postgresql: PostgresqlStandIn = {
    get port() {
      return (server.address() as AddressInfo).port;
    },
    says: "G",
    connections: new Set(),
    async stop() {
      for (const socket of postgresql.connections) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  server.on("connection", (socket) => {
    postgresql.connections.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => postgresql.connections.delete(socket));
    socket.on("data", () => postgresql.says && socket.write(postgresql.says));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return postgresql;
}
