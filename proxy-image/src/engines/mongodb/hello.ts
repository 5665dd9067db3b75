import { deserialize, serialize } from "bson";
import { z } from "zod";

/** What a member reports of itself and its set, without a login. */
export interface Hello {
  readonly setName?: string;
  readonly isPrimary: boolean;
  readonly isSecondary: boolean;
  /** `host:port`, as the set's own config names them. */
  readonly me?: string;
  readonly primary?: string;
  /** The election that made it primary, and the version of the set's config: only a primary has one. */
  readonly election?: readonly number[];
  /** What an awaited hello must name to be answered at the next change. */
  readonly topologyVersion?: unknown;
}

export type HelloReply =
  | { readonly kind: "hello"; readonly hello: Hello }
  | { readonly kind: "unreadable"; readonly why: string };

const OP_MSG = 2013;
const HEADER = 16;
/** Header, flag bits and the kind of the first section. */
const BEFORE_BODY = HEADER + 4 + 1;
/** A hello of fifty members takes some 8 kB. */
const LONGEST = 1024 * 1024;

/** The question as a message. With a topology version the member answers when its view has changed, or after `maxAwaitMs`. */
export function encodeHello(
  requestId: number,
  awaited?: { readonly topologyVersion: unknown; readonly maxAwaitMs: number },
): Buffer {
  const body = serialize({
    hello: 1,
    $db: "admin",
    ...(awaited && {
      topologyVersion: awaited.topologyVersion,
      maxAwaitTimeMS: awaited.maxAwaitMs,
    }),
  });
  const message = Buffer.alloc(BEFORE_BODY + body.length);
  message.writeInt32LE(message.length, 0);
  message.writeInt32LE(requestId, 4);
  message.writeInt32LE(OP_MSG, 12);
  message.set(body, BEFORE_BODY);
  return message;
}

/** Reads one message from the beginning of what has come; undefined until it is whole. Never throws. */
export function decodeHello(
  received: Buffer,
): { readonly answer: HelloReply; readonly length: number } | undefined {
  const unreadable = (why: string) => ({
    answer: { kind: "unreadable", why } as const,
    length: received.length,
  });
  if (received.length < HEADER) return undefined;
  const length = received.readInt32LE(0);
  if (length < BEFORE_BODY || length > LONGEST) return unreadable("it speaks another protocol");
  if (received.readInt32LE(12) !== OP_MSG) return unreadable("it answers by another operation");
  if (received.length < length) return undefined;
  return { answer: readBody(received.subarray(0, length)), length };
}

const Text = z.string().optional().catch(undefined);
const Body = z.looseObject({
  ok: z.number(),
  setName: Text,
  isWritablePrimary: z.boolean().default(false),
  secondary: z.boolean().default(false),
  me: Text,
  primary: Text,
  setVersion: z.number().default(0),
  electionId: z
    .object({ id: z.instanceof(Uint8Array) })
    .optional()
    .catch(undefined),
  topologyVersion: z.unknown().optional(),
  errmsg: Text,
});

function readBody(message: Buffer): HelloReply {
  if (message[HEADER + 4] !== 0) return { kind: "unreadable", why: "its reply has no body" };
  let body: unknown;
  try {
    body = deserialize(message.subarray(BEFORE_BODY));
  } catch (error) {
    return { kind: "unreadable", why: `its reply is no BSON: ${(error as Error).message}` };
  }
  const read = Body.safeParse(body);
  if (!read.success) return { kind: "unreadable", why: "its reply is no hello" };
  const { ok, errmsg, setName, me, primary, electionId, topologyVersion, ...rest } = read.data;
  if (ok !== 1)
    return { kind: "unreadable", why: `it refuses to say hello: ${errmsg ?? "no reason"}` };
  const { isWritablePrimary, secondary, setVersion } = rest;
  const election = electionId && [...numbersOf(electionId.id), setVersion];
  return {
    kind: "hello",
    hello: {
      isPrimary: isWritablePrimary,
      isSecondary: secondary,
      ...(setName !== undefined && { setName }),
      ...(me !== undefined && { me }),
      ...(primary !== undefined && { primary }),
      ...(election && { election }),
      ...(topologyVersion !== undefined && { topologyVersion }),
    },
  };
}

/** An election's id as numbers that order it: 12 bytes, the term in the last eight. */
function numbersOf(id: Uint8Array): readonly number[] {
  const bytes = Buffer.from(id);
  if (bytes.length !== 12) return [];
  return [bytes.readUInt32BE(0), bytes.readUInt32BE(4), bytes.readUInt32BE(8)];
}
