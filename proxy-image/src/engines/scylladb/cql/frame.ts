/**
 * Frames of CQL's native protocol, version 4: what ScyllaDB and Cassandra both speak. Nine bytes of header (version, flags,
 * stream, opcode, length), then the body. The specification is Cassandra's doc/native_protocol_v4.spec.
 */
export interface Frame {
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
