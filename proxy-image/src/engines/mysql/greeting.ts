/** What a server says to whoever connects, before any login. */
export type Greeting =
  /** Whole, and nothing else came; or a server's refusal, which the driver reads. */
  | { readonly kind: "greeting"; readonly bytes: Buffer }
  | { readonly kind: "other"; readonly why: string };

/** Length, in three bytes, and number of a packet come before its payload. */
const HEAD = 4;
/** Servers send about 80 bytes. */
const LONGEST = 1024;
const VERSION = 10;
const REFUSAL = 0xff;
/** Between the server's version, which a zero ends, and its capabilities: the connection's number, a challenge, a zero. */
const BEFORE_CAPABILITIES = 4 + 8 + 1;
const TLS = 0x0800;

/**
 * Reads what came so far; undefined until it is enough. Never throws, whatever the bytes are. What follows a greeting was said before
 * TLS, by anybody: the driver would take it for an answer to the login.
 */
export function decodeGreeting(reply: Uint8Array): Greeting | undefined {
  const bytes = Buffer.from(reply.buffer, reply.byteOffset, reply.length);
  if (bytes.length < HEAD - 1) return undefined;
  const length = bytes.readUIntLE(0, HEAD - 1);
  const [number = 0, version = VERSION] = bytes.subarray(HEAD - 1);
  if (length === 0 || length > LONGEST || number !== 0) return foreign(bytes);
  if (version !== VERSION && version !== REFUSAL) {
    return version < VERSION
      ? other(`speaks MySQL's protocol ${version}, which is too old`)
      : foreign(bytes);
  }
  if (bytes.length < HEAD + length) return undefined;
  if (bytes.length > HEAD + length) return other("says more than MySQL's greeting before TLS");
  if (version === REFUSAL) return { kind: "greeting", bytes };
  const capabilities = bytes.indexOf(0, HEAD + 1) + 1 + BEFORE_CAPABILITIES;
  if (capabilities === BEFORE_CAPABILITIES || capabilities + 2 > bytes.length)
    return foreign(bytes);
  if ((bytes.readUInt16LE(capabilities) & TLS) === 0) return other("speaks MySQL without TLS");
  return { kind: "greeting", bytes };
}

const other = (why: string): Greeting => ({ kind: "other", why });

function foreign(bytes: Buffer): Greeting {
  const [text = ""] = /^[ -~]{0,40}/.exec(bytes.toString("latin1", 0, 40)) ?? [];
  const said = text.length >= HEAD - 1 ? `"${text}"` : bytes.toString("hex", 0, 8);
  return other(`speaks no MySQL: it begins with ${said}`);
}
