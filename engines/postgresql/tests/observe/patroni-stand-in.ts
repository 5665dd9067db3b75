import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { createServer } from "node:tls";
import { leafOf } from "../../../../tests/observe/support/portal.ts";
import type { Authority } from "../../../../tests/support/authority.ts";

/** Speaks as Patroni's REST interface does, and hangs or drips on demand. */
export interface PatroniStandIn {
  readonly port: number;
  mood: "answers" | "silent" | "drips";
  /** Whether connections stay open after an answer, as with the node image's own program. */
  keeps: boolean;
  /** Questions that were asked. */
  questions: number;
  /** What the node says again and again, if it does: `beat` says it once. */
  readonly listeners: Set<TLSSocket>;
  beat(line: string): void;
  status: Readonly<Record<string, unknown>>;
  /** Handshakes that were made, and how many of them resumed an earlier session. */
  readonly handshakes: { all: number; resumed: number };
  /** Connections that wait for a question. */
  readonly waiting: Set<TLSSocket>;
  stop(): Promise<void>;
}

export async function startPatroni(authority: Authority, name: string): Promise<PatroniStandIn> {
  const all = new Set<TLSSocket>();
  const server = createServer({
    ...(await leafOf(authority, name)),
    ca: authority.pem,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const patroni: PatroniStandIn = {
    get port() {
      return (server.address() as AddressInfo).port;
    },
    mood: "answers",
    keeps: false,
    questions: 0,
    listeners: new Set(),
    beat(line) {
      for (const socket of patroni.listeners) socket.write(`${line}\n`);
    },
    status: {},
    handshakes: { all: 0, resumed: 0 },
    waiting: new Set(),
    async stop() {
      for (const socket of all) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  server.on("secureConnection", (socket) => {
    all.add(socket);
    patroni.handshakes.all += 1;
    if (socket.isSessionReused()) patroni.handshakes.resumed += 1;
    patroni.waiting.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      all.delete(socket);
      patroni.waiting.delete(socket);
      patroni.listeners.delete(socket);
    });
    socket.on("data", (question: Buffer) => {
      if (patroni.keeps && question.toString().startsWith("GET /beats")) {
        patroni.waiting.delete(socket);
        patroni.listeners.add(socket);
        return;
      }
      patroni.questions += 1;
      if (!patroni.keeps) patroni.waiting.delete(socket);
      answer(patroni, socket);
    });
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return patroni;
}

function answer({ mood, keeps, status }: PatroniStandIn, socket: TLSSocket): void {
  if (mood === "silent") return;
  if (mood === "drips") {
    const timer = setInterval(() => socket.write("{"), 20);
    socket.on("close", () => clearInterval(timer));
    return;
  }
  if (keeps) socket.write(JSON.stringify(status));
  else socket.end(JSON.stringify(status));
}

/** What a healthy leader says. */
export function leading(name: string): Readonly<Record<string, unknown>> {
  return {
    state: "running",
    role: "primary",
    xlog: { location: 1000 },
    database_system_identifier: "77",
    patroni: { scope: "orders", name },
  };
}
