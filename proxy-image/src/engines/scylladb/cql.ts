// CQL's native protocol, version 4, as far as the portal speaks it: frames, requests, replies. Pure.

/**
 * Frames of CQL's native protocol, version 4: what ScyllaDB and Cassandra both speak. Nine bytes of header (version, flags,
 * stream, opcode, length), then the body. The specification is Cassandra's doc/native_protocol_v4.spec.
 */
interface Frame {
  readonly flags: number;
  /** Which request it answers; -1 for events. */
  readonly stream: number;
  readonly opcode: number;
  readonly body: Buffer;
}

export type ReadFrame =
  | { readonly kind: "frame"; readonly frame: Frame; readonly rest: Buffer }
  /** It has not all come yet. */
  | { readonly kind: "partial" }
  | { readonly kind: "other"; readonly why: string };

export const OPCODE = {
  error: 0x00,
  startup: 0x01,
  ready: 0x02,
  authenticate: 0x03,
  options: 0x05,
  supported: 0x06,
  query: 0x07,
  result: 0x08,
  register: 0x0b,
  event: 0x0c,
  authResponse: 0x0f,
  authSuccess: 0x10,
} as const;

const VERSION = 4;
const RESPONSE = 0x80;
const HEADER = 9;
/** Nothing that is asked here has a longer answer. */
const LONGEST = 256 * 1024;

export function encodeFrame(stream: number, opcode: number, body: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt8(VERSION, 0);
  header.writeInt16BE(stream, 2);
  header.writeUInt8(opcode, 4);
  header.writeUInt32BE(body.length, 5);
  return Buffer.concat([header, body]);
}

/** Takes the first frame off what a server has sent so far. Never throws. */
export function readFrame(bytes: Buffer): ReadFrame {
  const [first] = bytes;
  if (first === undefined) return { kind: "partial" };
  // A server that knows no version 4 says so in a frame of its own version.
  if (first < RESPONSE + 3 || first > RESPONSE + 5) return { kind: "other", why: "is not CQL" };
  if (bytes.length < HEADER) return { kind: "partial" };
  const length = bytes.readUInt32BE(5);
  if (length > LONGEST) return { kind: "other", why: `is a frame of ${length} bytes` };
  if (bytes.length < HEADER + length) return { kind: "partial" };
  return {
    kind: "frame",
    frame: {
      flags: bytes.readUInt8(1),
      stream: bytes.readInt16BE(2),
      opcode: bytes.readUInt8(4),
      body: bytes.subarray(HEADER, HEADER + length),
    },
    rest: bytes.subarray(HEADER + length),
  };
}

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

/** From now on the server reports at once which nodes come, go, rise and fall. */
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

/** What a server answers, as far as the portal asks it. */
export type Message =
  | { readonly kind: "error"; readonly code: number; readonly text: string }
  | { readonly kind: "ready" }
  | { readonly kind: "authenticate"; readonly authenticator: string }
  | { readonly kind: "authenticated" }
  | { readonly kind: "supported"; readonly options: Readonly<Record<string, readonly string[]>> }
  /** The rows of a result, their columns read as text. */
  | { readonly kind: "rows"; readonly rows: readonly (readonly (string | undefined)[])[] }
  | {
      readonly kind: "event";
      readonly type: string;
      readonly change: string;
      readonly address: string;
      readonly port: number;
    }
  | { readonly kind: "unreadable"; readonly why: string };

const FLAG = { compressed: 0x01, tracing: 0x02, payload: 0x04, warning: 0x08 } as const;
const RESULT_ROWS = 2;
const METADATA = { global: 0x01, paged: 0x02, none: 0x04 } as const;
/** Types without parameters, from ascii to duration. */
const SIMPLE = { first: 0x01, last: 0x15 } as const;

/** Reads a frame's message. Never throws, whatever is in it. */
export function readMessage(frame: Frame): Message {
  try {
    if (frame.flags & FLAG.compressed) return unreadable("is compressed, which nobody asked for");
    return read(frame.opcode, bodyOf(frame));
  } catch (error) {
    return unreadable((error as Error).message);
  }
}

function read(opcode: number, body: Reader): Message {
  switch (opcode) {
    case OPCODE.error:
      return { kind: "error", code: body.int(), text: body.string() };
    case OPCODE.ready:
      return { kind: "ready" };
    case OPCODE.authenticate:
      return { kind: "authenticate", authenticator: body.string() };
    case OPCODE.authSuccess:
      return { kind: "authenticated" };
    case OPCODE.supported:
      return { kind: "supported", options: multimap(body) };
    case OPCODE.result:
      return rows(body);
    case OPCODE.event:
      return event(body);
    default:
      return unreadable(`is a message of kind ${opcode}, which nobody asked for`);
  }
}

/** What a server may add before a body: the id of a trace, warnings, a payload. */
function bodyOf({ flags, body }: Frame): Reader {
  const reader = new Reader(body);
  if (flags & FLAG.tracing) reader.take(16);
  if (flags & FLAG.warning) reader.strings();
  if (flags & FLAG.payload)
    reader.times(reader.short(), () => [reader.string(), reader.bytes()] as const);
  return reader;
}

function multimap(body: Reader): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(body.times(body.short(), () => [body.string(), body.strings()]));
}

function event(body: Reader): Message {
  const type = body.string();
  if (type !== "STATUS_CHANGE" && type !== "TOPOLOGY_CHANGE")
    return unreadable(`is an event ${type}, which nobody asked for`);
  return { kind: "event", type, change: body.string(), ...body.inet() };
}

function rows(body: Reader): Message {
  if (body.int() !== RESULT_ROWS) return unreadable("is a result without rows");
  const flags = body.int();
  const columns = body.int();
  if (flags & METADATA.paged) body.bytes();
  if (!(flags & METADATA.none)) describe(body, flags, columns);
  const count = body.int();
  // A row takes four bytes a column at least, so it is known early when a number lies.
  return { kind: "rows", rows: body.times(count, () => body.times(columns, () => text(body))) };
}

function describe(body: Reader, flags: number, columns: number): void {
  const global = (flags & METADATA.global) !== 0;
  if (global) body.times(2, () => body.string());
  body.times(columns, () => {
    if (!global) body.times(2, () => body.string());
    body.string();
    const type = body.short();
    if (type < SIMPLE.first || type > SIMPLE.last)
      throw new RangeError(`has a column of type ${type}, which nobody asked for`);
  });
}

const text = (body: Reader): string | undefined => body.bytes()?.toString("utf8");

const unreadable = (why: string): Message => ({ kind: "unreadable", why });

/** Reads CQL's notations from a body, one after the other. Throws a RangeError where the body ends before. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    return this.take(1).readUInt8(0);
  }

  short(): number {
    return this.take(2).readUInt16BE(0);
  }

  int(): number {
    return this.take(4).readInt32BE(0);
  }

  string(): string {
    return this.take(this.short()).toString("utf8");
  }

  /** A negative length is null. */
  bytes(): Buffer | undefined {
    const length = this.int();
    return length < 0 ? undefined : this.take(length);
  }

  strings(): readonly string[] {
    return this.times(this.short(), () => this.string());
  }

  /** An address as Node writes it, and a port. */
  inet(): { readonly address: string; readonly port: number } {
    const length = this.byte();
    if (length !== 4 && length !== 16) throw new RangeError(`an address of ${length} bytes`);
    const address = this.take(length);
    return { address: length === 4 ? [...address].join(".") : ipv6(address), port: this.int() };
  }

  take(length: number): Buffer {
    const end = this.#at + length;
    if (length < 0 || end > this.#bytes.length) throw new RangeError("the body is too short");
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  /** Every iteration takes something off the body, so that no number in it makes this long. */
  times<T>(count: number, read: () => T): readonly T[] {
    if (count < 0 || count > this.#bytes.length) throw new RangeError(`a list of ${count}`);
    return Array.from({ length: count }, read);
  }
}

/** Uncompressed, each group without leading zeros. */
function ipv6(address: Buffer): string {
  return Array.from({ length: 8 }, (_, group) => address.readUInt16BE(group * 2).toString(16)).join(
    ":",
  );
}
