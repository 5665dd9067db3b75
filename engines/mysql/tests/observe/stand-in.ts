import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo, Socket } from "node:net";
import { createServer } from "node:net";
import { TLSSocket } from "node:tls";
import { leafOf } from "../../../../tests/observe/support/portal.ts";
import type { Authority } from "../../../../tests/support/authority.ts";

const RECORDED: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(new URL("./replies.json", import.meta.url), "utf8"),
);

/** What MySQL 9.7.4 said: to whoever connects, to a login that it knows, to a question, to a wrong one, and to one who left. */
export const recorded = (name: "greeting" | "welcome" | "rows" | "refusal" | "farewell"): Buffer =>
  Buffer.from(RECORDED[name] ?? "", "hex");

export const AS_RECORDED = {
  greeting: recorded("greeting"),
  welcome: recorded("welcome"),
  answer: recorded("rows"),
  ends: undefined,
} as const;

/** Says what it is told to say, over TLS from the client's request on, as MySQL does. It is no server. */
export interface MysqlStandIn {
  readonly port: number;
  /** To whoever connects. */
  greeting: Uint8Array;
  /** To a login. Here and below, nothing if it is empty. */
  welcome: Uint8Array;
  /** To each question. */
  answer: Uint8Array;
  /** After which of them it closes the connection. */
  ends: "greeting" | "welcome" | "answer" | undefined;
  readonly connections: ReadonlySet<Socket>;
  /** Those on which a login came. */
  readonly sessions: ReadonlySet<TLSSocket>;
  /** How many questions came. */
  readonly questions: () => number;
  stop(): Promise<void>;
}

export async function startMysql(authority: Authority, name: string): Promise<MysqlStandIn> {
  const leaf = await leafOf(authority, name);
  const connections = new Set<Socket>();
  const sessions = new Set<TLSSocket>();
  let questions = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    connections.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => connections.delete(socket));
    send(socket, "greeting");
    // The request for TLS is one packet, and the client waits for nothing before it goes on.
    socket.once("readable", () => {
      if (socket.read(SSL_REQUEST_BYTES) === null) return;
      const session = new TLSSocket(socket, { isServer: true, ...leaf });
      session.on("error", () => {});
      session.on("close", () => sessions.delete(session));
      session.on("data", () => {
        if (sessions.has(session)) questions += 1;
        send(session, sessions.has(session) ? "answer" : "welcome");
        sessions.add(session);
      });
    });
  });
  const self: MysqlStandIn = {
    get port() {
      return (server.address() as AddressInfo).port;
    },
    ...AS_RECORDED,
    connections,
    sessions,
    questions: () => questions,
    async stop() {
      for (const socket of connections) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  const send = (socket: Socket, what: "greeting" | "welcome" | "answer"): void => {
    if (self[what].length > 0) socket.write(self[what]);
    if (self.ends === what) socket.end();
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return self;
}

const SSL_REQUEST_BYTES = 36;
