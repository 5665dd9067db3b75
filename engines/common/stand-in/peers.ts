import type { Socket } from "node:net";
import { connect, createServer } from "node:net";

/** Carries messages between the members of a stand-in's quorum: JSON lines, none of which is sure to arrive. */
export interface Peers {
  send(to: string, message: object): void;
  close(): void;
}

export interface PeersArgs {
  /** Every member's address, by name. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly port: number;
  readonly onMessage: (message: unknown) => void;
}

export function openPeers({ addresses, port, onMessage }: PeersArgs): Peers {
  const sockets = new Map<string, Socket>();
  const server = createServer((socket) => {
    let rest = "";
    socket.setEncoding("utf8");
    socket.on("error", () => socket.destroy());
    socket.on("data", (text: string) => {
      const parts = `${rest}${text}`.split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) onMessage(JSON.parse(part));
    });
  });
  server.listen(port);
  const socketTo = (name: string): Socket | undefined => {
    const known = sockets.get(name);
    if (known) return known;
    const socket = connect({ host: addresses[name] ?? "", port });
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(name));
    sockets.set(name, socket);
    return socket;
  };
  return {
    send(to, message) {
      const socket = socketTo(to);
      // A member that hangs gets nothing more until it reads again: it gets everything anew anyway.
      if (socket && socket.writableLength < 1_000_000) socket.write(`${JSON.stringify(message)}\n`);
    },
    close() {
      server.close();
      for (const socket of sockets.values()) socket.destroy();
    },
  };
}
