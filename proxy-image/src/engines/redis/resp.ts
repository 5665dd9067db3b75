/** A reply of Redis' protocol, version 2. */
export type Reply =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "error"; readonly text: string }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "nothing" }
  | { readonly kind: "list"; readonly items: readonly Reply[] };

export type Decoded =
  | { readonly kind: "reply"; readonly reply: Reply; readonly end: number }
  | { readonly kind: "more" }
  /** It can't become a reply, whatever follows. */
  | { readonly kind: "broken"; readonly why: string };

const LONGEST_LINE = 4096;
const LONGEST_TEXT = 64 * 1024;
const LONGEST_LIST = 1024;
const DEEPEST = 4;

/** A command as a client sends it. */
export function encodeCommand(words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join("")}`;
}

/** Reads one reply that begins at `start`. Never throws, and what it takes is bounded whatever the bytes are. */
export function decodeReply(bytes: Uint8Array, start = 0, depth = 0): Decoded {
  const line = lineAt(bytes, start);
  if (line.kind !== "line") return line;
  const { type, rest, end } = line;
  switch (type) {
    case "+":
      return { kind: "reply", reply: { kind: "text", text: rest }, end };
    case "-":
      return { kind: "reply", reply: { kind: "error", text: rest }, end };
    case ":":
      return /^[+-]?\d{1,19}$/.test(rest)
        ? { kind: "reply", reply: { kind: "number", value: Number(rest) }, end }
        : broken(`${JSON.stringify(rest)} is no number`);
    case "$":
      return textAt(bytes, end, rest);
    case "*":
      return listAt(bytes, end, rest, depth);
    default:
      return broken("something answers that is not Redis");
  }
}

/** Reads as many replies as there are questions; undefined until all are there. */
export function decodeReplies(
  bytes: Uint8Array,
  count: number,
):
  | { readonly kind: "replies"; readonly replies: readonly Reply[]; readonly end: number }
  | Extract<Decoded, { kind: "more" | "broken" }> {
  const replies: Reply[] = [];
  let end = 0;
  while (replies.length < count) {
    const decoded = decodeReply(bytes, end);
    if (decoded.kind !== "reply") return decoded;
    replies.push(decoded.reply);
    end = decoded.end;
  }
  return { kind: "replies", replies, end };
}

const TYPES = new Set(Buffer.from("+-:$*"));
const CR = 13;
const LF = 10;

function lineAt(bytes: Uint8Array, start: number) {
  const first = bytes[start];
  if (first === undefined) return MORE;
  if (!TYPES.has(first)) return broken("something answers that is not Redis");
  const end = bytes.indexOf(CR, start);
  const length = (end < 0 ? bytes.length : end) - start;
  if (length > LONGEST_LINE) return broken("a line of the reply has no end");
  if (end < 0 || end + 1 >= bytes.length) return MORE;
  if (bytes[end + 1] !== LF) return broken("a line of the reply ends in no line feed");
  const text = Buffer.from(bytes.subarray(start, end)).toString();
  return { kind: "line", type: text.slice(0, 1), rest: text.slice(1), end: end + 2 } as const;
}

function textAt(bytes: Uint8Array, start: number, length: string): Decoded {
  const size = sizeOf(length, LONGEST_TEXT);
  if (size === undefined) return broken(`a text can't be ${JSON.stringify(length)} bytes long`);
  if (size < 0) return { kind: "reply", reply: { kind: "nothing" }, end: start };
  const end = start + size;
  if (bytes.length < end + 2) return MORE;
  if (bytes[end] !== CR || bytes[end + 1] !== LF) return broken("a text is longer than it says");
  const text = Buffer.from(bytes.subarray(start, end)).toString();
  return { kind: "reply", reply: { kind: "text", text }, end: end + 2 };
}

function listAt(bytes: Uint8Array, start: number, length: string, depth: number): Decoded {
  const size = sizeOf(length, LONGEST_LIST);
  if (size === undefined) return broken(`a list can't be ${JSON.stringify(length)} items long`);
  if (size < 0) return { kind: "reply", reply: { kind: "nothing" }, end: start };
  if (depth >= DEEPEST) return broken("lists lie too deep in each other");
  const items: Reply[] = [];
  let end = start;
  while (items.length < size) {
    const item = decodeReply(bytes, end, depth + 1);
    if (item.kind !== "reply") return item;
    items.push(item.reply);
    end = item.end;
  }
  return { kind: "reply", reply: { kind: "list", items }, end };
}

/** -1 stands for nothing. */
function sizeOf(text: string, most: number): number | undefined {
  if (text === "-1") return -1;
  return /^\d{1,6}$/.test(text) && Number(text) <= most ? Number(text) : undefined;
}

const MORE = { kind: "more" } as const;

function broken(why: string): Extract<Decoded, { kind: "broken" }> {
  return { kind: "broken", why };
}
