// RethinkDB's handshake, with SCRAM-SHA-256. Pure.

import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { z } from "zod";

import { readJson } from "../../observe/json.ts";
import type { Login } from "../../observe/observer.ts";
import type { Question } from "../../observe/source-client.ts";
import type { ServerAnswer } from "./queries.ts";
import { decodeAnswers, QUERIES } from "./queries.ts";

/** A driver's first four bytes, little-endian: the handshake of version 1.0, which RethinkDB has had since 2.3. */
export const V1_0: Buffer = Buffer.from("c3bdc234", "hex");

/** What a server that knows this handshake sends in every answer that is no refusal. */
export const SUCCESS = '"success":true';

/** Servers send about 100 bytes a message. */
const LONGEST_MESSAGE = 2048;

/**
 * Logs in and asks, on one connection. The password proves the deployment both ways: a server that doesn't know it can't give
 * the last answer of the handshake. `nonce`: never used before, and no comma in it. Pure.
 */
export function question(login: Login, nonce: string): Question<ServerAnswer> {
  const first = {
    protocol_version: 0,
    authentication_method: "SCRAM-SHA-256",
    authentication: `n,,${firstBare(login.user, nonce)}`,
  };
  return {
    request: Buffer.concat([V1_0, message(first)]),
    followUp: (reply, round) => {
      const read = readReply(login, nonce, asBuffer(reply));
      return read.kind === "waiting" ? read.messages?.[round] : undefined;
    },
    decode: (reply) => {
      const read = readReply(login, nonce, asBuffer(reply));
      return read.kind === "answer" ? read.answer : undefined;
    },
  };
}

type Reply =
  | { readonly kind: "answer"; readonly answer: ServerAnswer }
  /** `messages`: all that it takes to come as far as this, after the first message. */
  | { readonly kind: "waiting"; readonly messages?: readonly Buffer[] };

const WAITING: Reply = { kind: "waiting" };

/** Reads all that has come on the connection so far. Never throws, whatever the bytes are. */
function readReply(login: Login, nonce: string, received: Buffer): Reply {
  const version = take(received, Version);
  if (version.kind !== "taken") return version;
  const { min_protocol_version: least, max_protocol_version: most } = version.value;
  if (least > 0 || most < 0) return other("speaks no version of the handshake that is known here");
  const challenge = take(version.rest, Authentication);
  if (challenge.kind !== "taken") return challenge;
  const final = clientFinal(login, nonce, challenge.value.authentication);
  if (final === undefined) return other("asks for another login than SCRAM-SHA-256's");
  const messages = [message({ authentication: final.message })];
  const proof = take(challenge.rest, Authentication);
  if (proof.kind !== "taken")
    return proof.kind === "answer" ? proof : { kind: "waiting", messages };
  if (proof.value.authentication !== final.answer)
    return other("doesn't know the portal's password: it is of another deployment");
  const answer = decodeAnswers(proof.rest);
  return answer
    ? { kind: "answer", answer }
    : { kind: "waiting", messages: [...messages, QUERIES] };
}

const Version = z.object({
  success: z.literal(true),
  min_protocol_version: z.number(),
  max_protocol_version: z.number(),
});
const Authentication = z.object({ success: z.literal(true), authentication: z.string() });
const Refusal = z.object({ success: z.literal(false), error: z.string() });

type Taken<T> = Reply | { readonly kind: "taken"; readonly value: T; readonly rest: Buffer };

/** Takes the first message: JSON that ends with a zero byte. What is no JSON is known by its first byte. */
function take<T>(received: Buffer, shape: z.ZodType<T>): Taken<T> {
  if (received.length > 0 && received[0] !== OPEN_BRACE) return NO_RETHINKDB;
  const end = received.indexOf(0);
  if (end > LONGEST_MESSAGE || (end < 0 && received.length > LONGEST_MESSAGE)) return NO_RETHINKDB;
  if (end < 0) return WAITING;
  const text = received.toString("utf8", 0, end);
  const read = readJson(shape, text);
  if (read.kind === "read")
    return { kind: "taken", value: read.value, rest: received.subarray(end + 1) };
  const refusal = readJson(Refusal, text);
  if (refusal.kind === "unreadable") return NO_RETHINKDB;
  return other(`doesn't let the portal in: ${refusal.value.error.slice(0, 200)}`);
}

const OPEN_BRACE = 0x7b;

function other(why: string): Reply {
  return { kind: "answer", answer: { kind: "other", why } };
}

const NO_RETHINKDB = other("something answers that doesn't speak RethinkDB's protocol");

function message(content: object): Buffer {
  return Buffer.from(`${JSON.stringify(content)}\0`);
}

function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}

/** The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677). */
export interface ClientFinal {
  readonly message: string;
  /** What only a server that knows the password can answer. */
  readonly answer: string;
}

/** RethinkDB's default is 4096. A hostile server must not keep the agent busy. */
const MOST_ITERATIONS = 16_384;

function firstBare(user: string, nonce: string): string {
  return `n=${user},r=${nonce}`;
}

/** Answers the server's first message; undefined where that is none. */
export function clientFinal(
  { user, password }: Login,
  nonce: string,
  serverFirst: string,
): ClientFinal | undefined {
  const [, both = "", salt = "", digits = ""] =
    /^r=([^,]+),s=([A-Za-z0-9+/=]+),i=(\d{1,5})$/.exec(serverFirst) ?? [];
  const iterations = Number(digits);
  const isOurs = both.startsWith(nonce) && both.length > nonce.length;
  if (!isOurs || iterations < 1 || iterations > MOST_ITERATIONS) return undefined;
  const salted = saltedPassword(password, salt, iterations);
  const clientKey = hmac(salted, "Client Key");
  const bare = `c=biws,r=${both}`;
  const all = `${firstBare(user, nonce)},${serverFirst},${bare}`;
  const signature = hmac(createHash("sha256").update(clientKey).digest(), all);
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)));
  return {
    message: `${bare},p=${proof.toString("base64")}`,
    answer: `v=${hmac(hmac(salted, "Server Key"), all).toString("base64")}`,
  };
}

const hmac = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

/** Milliseconds of work, which are the same for every login until somebody changes the password. */
const known = new Map<string, Buffer>();
const MOST_KNOWN = 16;

function saltedPassword(password: string, salt: string, iterations: number): Buffer {
  const key = `${iterations} ${salt} ${password}`;
  const before = known.get(key);
  if (before) return before;
  const salted = pbkdf2Sync(password, Buffer.from(salt, "base64"), iterations, 32, "sha256");
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(key, salted);
  return salted;
}
