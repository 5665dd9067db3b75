import type { Frame } from "./frame.ts";
import { OPCODE } from "./frame.ts";
import { Reader } from "./reader.ts";

/** What a server says, as far as the portal asks it. */
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
