// What servers and Sentinels answer, and Redis' protocol in which they do. Pure.

/** What a source has answered. */
export type RedisAnswer =
  | ServerAnswer
  | SentinelAnswer
  /** It answered, but nothing that counts. */
  | { readonly kind: "useless"; readonly why: string };

export type ServerAnswer = {
  readonly kind: "server";
  /** Id of the cluster whose data it has, where it names one. */
  readonly cluster?: string;
  /** Where its stream of writes ends, in bytes. */
  readonly offset: number;
} & (
  | { readonly role: "leader"; readonly replicas: number }
  /** `from`: address of the server that it copies. */
  | { readonly role: "replica"; readonly from: string; readonly linked: boolean }
);

export interface SentinelAnswer {
  readonly kind: "sentinel";
  /** Address of the leader. */
  readonly leader: string;
  readonly port: number;
  readonly epoch: number;
  /** It is about to replace the leader that it names, or takes it for down together with others. */
  readonly replaces: boolean;
}

/**
 * The user that every node and Sentinel lets in without a secret, and that may ask for nothing but roles. The password can be
 * anything.
 */
export const LOGIN = ["AUTH", "probe", "portal"] as const;

/** The role that a server reports itself, and which cluster's data it has. */
export const SERVER_QUESTION: readonly (readonly string[])[] = [["HELLO", "2", ...LOGIN], ["ROLE"]];

/**
 * What a Sentinel reports of the leader. The address is asked between two looks at the epoch, and counts only when both are the
 * same: otherwise it may belong to the one before.
 */
export const sentinelQuestion = (master: string): readonly (readonly string[])[] => [
  LOGIN,
  ["SENTINEL", "MASTER", master],
  ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", master],
  ["SENTINEL", "MASTER", master],
];

/** Reads the replies to `SERVER_QUESTION`. Pure, like the next. */
export function readServer([hello, role]: readonly Reply[]): RedisAnswer {
  if (role?.kind === "error") return useless(`answers ${clipped(role.text)}`);
  if (hello?.kind === "error") return useless(`answers ${clipped(hello.text)}`);
  if (role?.kind !== "list") return useless("answers what is no role");
  const [kind, second, third, state, end] = role.items;
  const id = textOf(fieldsOf(hello).get("availability_zone"));
  const known = { kind: "server", ...(id !== undefined && id !== "" && { cluster: id }) } as const;
  switch (textOf(kind)) {
    case "master":
      if (second?.kind !== "number" || third?.kind !== "list") break;
      return { ...known, role: "leader", offset: second.value, replicas: third.items.length };
    case "slave": {
      const from = textOf(second);
      if (from === undefined || end?.kind !== "number") break;
      const linked = textOf(state) === "connected";
      return { ...known, role: "replica", from, linked, offset: end.value };
    }
    case "sentinel":
      return useless("answers as a Sentinel");
  }
  return useless("answers what is no role");
}

export function readSentinel([login, first, address, second]: readonly Reply[]): RedisAnswer {
  const failed = [login, first, address, second].find((reply) => reply?.kind === "error");
  if (failed?.kind === "error") return useless(`answers ${clipped(failed.text)}`);
  const [before, after] = [fieldsOf(first), fieldsOf(second)];
  const epoch = numberOf(textOf(after.get("config-epoch")));
  const [leader, port] = address?.kind === "list" ? address.items.map(textOf) : [];
  const at = numberOf(port);
  if (epoch === undefined || leader === undefined || at === undefined) {
    return useless("answers what is no Sentinel's word");
  }
  if (epoch !== numberOf(textOf(before.get("config-epoch")))) {
    return useless("changed its mind while it answered");
  }
  const flags = (textOf(after.get("flags")) ?? "").split(",");
  // The flags are those of the leader that the failover began with. Once another one is named, that one stays.
  const named = textOf(after.get("ip")) === leader && numberOf(textOf(after.get("port"))) === at;
  const replaces = named && (flags.includes("failover_in_progress") || flags.includes("o_down"));
  return { kind: "sentinel", leader, port: at, epoch, replaces };
}

/** A flat list of names and values. */
function fieldsOf(reply: Reply | undefined): ReadonlyMap<string, Reply> {
  const items = reply?.kind === "list" ? reply.items : [];
  return new Map(
    items.flatMap((item, index): [string, Reply][] => {
      const value = items[index + 1];
      return index % 2 === 0 && item.kind === "text" && value ? [[item.text, value]] : [];
    }),
  );
}

function textOf(reply: Reply | undefined): string | undefined {
  return reply?.kind === "text" ? reply.text : undefined;
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function useless(why: string): RedisAnswer {
  return { kind: "useless", why };
}

/** An error is a sentence for people: it goes into logs. */
function clipped(text: string): string {
  return JSON.stringify(text.slice(0, 120));
}

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
export function encodeCommand(args: readonly string[]): string {
  const parts = args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`);
  return `*${args.length}\r\n${parts.join("")}`;
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
