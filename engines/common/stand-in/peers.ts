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
  const lines = new Map<string, Socket>();
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
  const lineTo = (name: string): Socket | undefined => {
    const known = lines.get(name);
    if (known) return known;
    const socket = connect({ host: addresses[name] ?? "", port });
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("close", () => lines.delete(name));
    lines.set(name, socket);
    return socket;
  };
  return {
    send(to, message) {
      const line = lineTo(to);
      // A member that hangs gets nothing more until it reads again: it is told anew anyway.
      if (line && line.writableLength < 1_000_000) line.write(`${JSON.stringify(message)}\n`);
    },
    close() {
      server.close();
      for (const line of lines.values()) line.destroy();
    },
  };
}
