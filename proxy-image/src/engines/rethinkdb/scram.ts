import { createHash, createHmac, pbkdf2Sync } from "node:crypto";

import type { Login } from "../../observe/observer.ts";

/** The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677). */
export interface ClientFinal {
  readonly message: string;
  /** What only a server that knows the password can answer. */
  readonly answer: string;
}

/** RethinkDB's default is 4096. A hostile server must not keep the agent busy. */
const MOST_ITERATIONS = 16_384;

export function firstBare(user: string, nonce: string): string {
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
