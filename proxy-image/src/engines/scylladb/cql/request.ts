import { encodeFrame, OPCODE } from "./frame.ts";

/** A request, for the stream that its answer will bear. */
export type Request = (stream: number) => Buffer;

/** What the server can do: answered before any login, and without touching data. */
export const options: Request = request(OPCODE.options);

export const startup: Request = request(
  OPCODE.startup,
  short(1),
  string("CQL_VERSION"),
  string("3.0.0"),
);

/** SASL PLAIN, as PasswordAuthenticator takes it. */
export function authResponse(user: string, password: string): Request {
  return request(OPCODE.authResponse, bytes(Buffer.from(`\0${user}\0${password}`)));
}

/** From now on the server tells at once which nodes come, go, rise and fall. */
export const register: Request = request(
  OPCODE.register,
  short(2),
  string("STATUS_CHANGE"),
  string("TOPOLOGY_CHANGE"),
);

/** Asks the node itself alone: consistency ONE on a table that every node has of its own. */
export const clusterName: Request = request(
  OPCODE.query,
  bytes(Buffer.from("SELECT cluster_name FROM system.local WHERE key='local'")),
  short(1),
  Buffer.of(0),
);

function request(opcode: number, ...parts: readonly Buffer[]): Request {
  return (stream) => encodeFrame(stream, opcode, Buffer.concat(parts));
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

/** `[bytes]` and `[long string]` alike: four bytes of length. */
function bytes(content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(content.length);
  return Buffer.concat([length, content]);
}
