import type { AddressInfo, Socket } from "node:net";
import { createServer } from "node:net";

import { encodeFrame, OPCODE } from "../../../../proxy-image/src/engines/scylladb/cql.ts";

/** Speaks as much CQL as a portal asks for, on a real socket. It is no server. */
export interface CqlStandIn {
  readonly port: number;
  /** `frozen`: takes connections and says nothing. */
  mode: "serves" | "frozen" | "refuses-login" | "no-cql";
  cluster: string;
  /** Connections on which a portal was let in. */
  readonly registered: ReadonlySet<Socket>;
  /** How many logins it was asked for. */
  readonly logins: () => number;
  push(change: string, address: string): void;
  /** Ends every connection, as a process that dies does. */
  drop(): void;
  stop(): Promise<void>;
}

export async function startCql(address = "127.0.0.1", port = 0): Promise<CqlStandIn> {
  const registered = new Set<Socket>();
  const connections = new Set<Socket>();
  let logins = 0;
  const server = createServer((socket) => {
    connections.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      connections.delete(socket);
      registered.delete(socket);
    });
    socket.on("data", (bytes) => answer(socket, bytes));
  });
  const answer = (socket: Socket, bytes: Buffer): void => {
    if (self.mode === "frozen") return;
    if (self.mode === "no-cql") {
      socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
      return;
    }
    for (let rest = bytes; rest.length >= 9; rest = rest.subarray(9 + rest.readUInt32BE(5))) {
      const opcode = rest.readUInt8(4);
      if (opcode === OPCODE.authResponse) logins += 1;
      if (opcode === OPCODE.register) registered.add(socket);
      const [kind, body] = replyTo(opcode);
      socket.write(responseOf(rest.readInt16BE(2), kind, body));
    }
  };
  const replyTo = (opcode: number): readonly [number, Buffer] => {
    switch (opcode) {
      case OPCODE.options:
        return [OPCODE.supported, short(0)];
      case OPCODE.startup:
        return [OPCODE.authenticate, string("org.example.Authenticator")];
      case OPCODE.authResponse:
        return self.mode === "refuses-login"
          ? [OPCODE.error, Buffer.concat([int(0x100), string("wrong password")])]
          : [OPCODE.authSuccess, int(-1)];
      case OPCODE.register:
        return [OPCODE.ready, Buffer.alloc(0)];
      default:
        return [OPCODE.result, rowOf(self.cluster)];
    }
  };
  await new Promise<void>((listening) => server.listen(port, address, listening));
  const self: CqlStandIn = {
    port: (server.address() as AddressInfo).port,
    mode: "serves",
    cluster: "events",
    registered,
    logins: () => logins,
    push(change, address) {
      const inet = Buffer.from([4, ...address.split(".").map(Number)]);
      const body = [string("STATUS_CHANGE"), string(change), inet, int(9042)];
      for (const socket of registered)
        socket.write(responseOf(-1, OPCODE.event, Buffer.concat(body)));
    },
    drop() {
      for (const socket of connections) socket.destroy();
    },
    stop() {
      const closed = new Promise<void>((done) => server.close(() => done()));
      this.drop();
      return closed;
    },
  };
  return self;
}

function responseOf(stream: number, opcode: number, body: Buffer): Buffer {
  const frame = encodeFrame(stream, opcode, body);
  frame.writeUInt8(0x84, 0);
  return frame;
}

/** One row of one column of text. */
function rowOf(text: string): Buffer {
  const value = Buffer.from(text);
  return Buffer.concat([int(2), int(4), int(1), int(1), int(value.length), value]);
}

function int(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
}

function short(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeUInt16BE(value);
  return buffer;
}

function string(text: string): Buffer {
  const encoded = Buffer.from(text);
  return Buffer.concat([short(encoded.length), encoded]);
}
