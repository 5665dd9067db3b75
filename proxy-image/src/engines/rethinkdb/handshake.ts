import { z } from "zod";

import type { Question } from "../../observe/exchange.ts";
import { readJson } from "../../observe/json.ts";
import type { Login } from "../../observe/observer.ts";
import type { Said } from "./queries.ts";
import { decodeAnswers, QUERIES } from "./queries.ts";
import { clientFinal, firstBare } from "./scram.ts";

/** A driver's first word, little-endian: the handshake of version 1.0, which RethinkDB has had since 2.3. */
export const V1_0: Buffer = Buffer.from("c3bdc234", "hex");

/** What a server says that knows this handshake, in every answer that is no refusal. */
export const SUCCESS = '"success":true';

/** Servers send about 100 bytes a message. */
const LONGEST_MESSAGE = 2048;

/**
 * Logs in and asks, on one connection. The password proves the deployment both ways: a server that doesn't know it can't give
 * the last answer of the handshake. `nonce`: never used before, and no comma in it. Pure.
 */
export function question(login: Login, nonce: string): Question<Said> {
  const first = {
    protocol_version: 0,
    authentication_method: "SCRAM-SHA-256",
    authentication: `n,,${firstBare(login.user, nonce)}`,
  };
  return {
    request: Buffer.concat([V1_0, message(first)]),
    followUp: (reply, turn) => {
      const read = readReply(login, nonce, asBuffer(reply));
      return read.kind === "waiting" ? read.says?.[turn] : undefined;
    },
    decode: (reply) => {
      const read = readReply(login, nonce, asBuffer(reply));
      return read.kind === "said" ? read.said : undefined;
    },
  };
}

type Reply =
  | { readonly kind: "said"; readonly said: Said }
  /** `says`: all that it takes to come as far as this, after the first word. */
  | { readonly kind: "waiting"; readonly says?: readonly Buffer[] };

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
  const says = [message({ authentication: final.message })];
  const proof = take(challenge.rest, Authentication);
  if (proof.kind !== "taken") return proof.kind === "said" ? proof : { kind: "waiting", says };
  if (proof.value.authentication !== final.answer)
    return other("doesn't know the portal's password: it is of another deployment");
  const said = decodeAnswers(proof.rest);
  return said ? { kind: "said", said } : { kind: "waiting", says: [...says, QUERIES] };
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
  return { kind: "said", said: { kind: "other", why } };
}

const NO_RETHINKDB = other("something answers that doesn't speak RethinkDB's protocol");

function message(content: object): Buffer {
  return Buffer.from(`${JSON.stringify(content)}\0`);
}

function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
