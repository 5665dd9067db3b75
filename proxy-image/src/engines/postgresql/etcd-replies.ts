// Replies of etcd's JSON gateway, read. Pure.

import { z } from "zod";

import type { Read } from "../../observe/json.ts";
import { readJson } from "../../observe/json.ts";

export interface Key {
  readonly name: string;
  readonly value: string;
  readonly createRevision: number;
  readonly modRevision: number;
}

export type RangeReply =
  | {
      readonly kind: "keys";
      readonly clusterId: string;
      /** The store's revision at which the keys were read. Never falls while the cluster is the same. */
      readonly revision: number;
      readonly keys: readonly Key[];
    }
  | Refused
  | Unreadable;

/** `login`: a token, or a new one, may help. */
export type Refused = {
  readonly kind: "refused";
  readonly login: boolean;
  readonly why: string;
};
type Unreadable = Extract<Read<never>, { kind: "unreadable" }>;

/** Reads the reply to `POST /v3/kv/range`. Pure, and never throws. */
export function decodeRange(status: number, body: string): RangeReply {
  if (status !== 200) return decodeError(status, body);
  const range = readJson(Range, body);
  if (range.kind === "unreadable") return range;
  const { header, kvs, count, more } = range.value;
  if (more || count !== kvs.length) return { kind: "unreadable", why: "keys are missing" };
  const keys: Key[] = [];
  for (const kv of kvs) {
    const name = textOfBase64(kv.key);
    const value = textOfBase64(kv.value);
    if (name === undefined || value === undefined)
      return { kind: "unreadable", why: "a key is not base64 of text" };
    keys.push({ name, value, createRevision: kv.create_revision, modRevision: kv.mod_revision });
  }
  return { kind: "keys", clusterId: header.cluster_id, revision: header.revision, keys };
}

export type LoginReply =
  | { readonly kind: "token"; readonly token: string }
  /** The cluster asks nobody for a password (while it is being set up). */
  | { readonly kind: "open" }
  | Refused
  | Unreadable;

/** Reads the reply to `POST /v3/auth/authenticate`. Pure, and never throws. */
export function decodeLogin(status: number, body: string): LoginReply {
  if (status === 200) {
    const login = readJson(Login, body);
    if (login.kind === "unreadable") return login;
    return { kind: "token", token: login.value.token };
  }
  const error = decodeError(status, body);
  const open = error.kind === "refused" && error.why.includes("authentication is not enabled");
  return open ? { kind: "open" } : error;
}

/** Reads an error of the gateway, such as `{"error":"…","code":16,"message":"…"}`. */
function decodeError(status: number, body: string): Refused | Unreadable {
  const failure = readJson(Failure, body);
  if (failure.kind === "unreadable") {
    return { kind: "unreadable", why: `answered with HTTP ${status}, and no error of etcd's` };
  }
  const { code, message, error } = failure.value;
  const why = message ?? error ?? `error ${code}`;
  return { kind: "refused", login: code === UNAUTHENTICATED || LOGIN.test(why), why };
}

/**
 * etcd's JSON gateway writes 64-bit numbers as strings, and leaves out those that are 0. A number that JavaScript can't
 * hold exactly is refused: two revisions must never look equal because both were rounded.
 */
const Revision = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,15})$/)
  .transform(Number)
  .refine(Number.isSafeInteger, "is over 2^53");

/** An identity of 64 bits: never calculated with, so kept as it is written. */
const Id = z.string().regex(/^(0|[1-9][0-9]{0,19})$/);

const Header = z.object({ cluster_id: Id, revision: Revision });

const Range = z.object({
  header: Header,
  kvs: z
    .array(
      z.object({
        key: z.string(),
        value: z.string().default(""),
        create_revision: Revision,
        mod_revision: Revision,
      }),
    )
    .default([]),
  count: Revision.default(0),
  more: z.boolean().default(false),
});

const Login = z.object({ token: z.string().regex(/^[\x21-\x7e]{1,4096}$/) });

const Failure = z.object({
  code: z.int(),
  error: z.string().optional(),
  message: z.string().optional(),
});

/** gRPC's code for a token that is not, or no longer, valid. */
const UNAUTHENTICATED = 16;

/** etcd answers these with INVALID_ARGUMENT: no token was sent, or one from before a change of users and roles. */
const LOGIN = /user name is empty|invalid auth token|revision of auth store is old/;

export type WatchReply =
  | { readonly kind: "created" }
  | { readonly kind: "events"; readonly names: readonly string[] }
  /** Nothing more will come: a refused watch says `created` and `canceled` at once. */
  | { readonly kind: "lost"; readonly why: string };

/** Reads one object of the stream that answers `POST /v3/watch`. Pure, and never throws. */
export function decodeWatch(line: string): WatchReply {
  const reply = readJson(Reply, line);
  if (reply.kind === "unreadable") return { kind: "lost", why: reply.why };
  const { result, error } = reply.value;
  if (!result) return { kind: "lost", why: error?.message ?? "the stream ended with an error" };
  if (result.canceled) {
    return { kind: "lost", why: result.cancel_reason || "the watch was canceled" };
  }
  if (result.created) return { kind: "created" };
  const names = result.events.map(({ kv }) => textOfBase64(kv.key));
  if (!names.every((name) => name !== undefined)) {
    return { kind: "lost", why: "a key is not base64 of text" };
  }
  return { kind: "events", names };
}

/** Cuts a stream into its lines; `rest` is the beginning of the next one. */
export function takeLines(text: string): { readonly lines: readonly string[]; rest: string } {
  const parts = text.split("\n");
  const rest = parts.pop() ?? "";
  return { lines: parts.filter((line) => line.trim() !== ""), rest };
}

const Reply = z.object({
  result: z
    .object({
      created: z.boolean().default(false),
      canceled: z.boolean().default(false),
      cancel_reason: z.string().default(""),
      events: z.array(z.object({ kv: z.object({ key: z.string() }) })).default([]),
    })
    .optional(),
  error: z.object({ message: z.string().optional() }).optional(),
});

/** Decodes UTF-8 and base64 strictly: what is not exactly text has no meaning for us. */
function textOfBase64(base64: string): string | undefined {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.toString("base64") !== base64) return undefined;
  try {
    return STRICT.decode(bytes);
  } catch {
    return undefined;
  }
}

const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
