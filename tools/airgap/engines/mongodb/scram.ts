import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";

const ITERATIONS = 4096;

/** The server's side of SCRAM-SHA-256 (RFC 7677) for one user. */
export interface Scram {
  first(message: string): string;
  /** The server's proof, or undefined where the client's doesn't fit. */
  final(message: string): string | undefined;
}

export function scramFor(user: string, password: string): Scram {
  const salt = randomBytes(28);
  const hmac = (key: Buffer, text: string) => createHmac("sha256", key).update(text).digest();
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, "sha256");
  const stored = createHash("sha256").update(hmac(salted, "Client Key")).digest();
  let said = "";
  let nonce = "";
  let knows = false;
  return {
    first(message) {
      const bare = message.replace(/^[nyp][^,]*,[^,]*,/, "");
      const [, who = "", client = ""] = /^n=([^,]*),r=(.*)$/.exec(bare) ?? [];
      knows = who === user;
      nonce = client + randomBytes(18).toString("base64");
      const reply = `r=${nonce},s=${salt.toString("base64")},i=${ITERATIONS}`;
      said = `${bare},${reply}`;
      return reply;
    },
    final(message) {
      const [, without = "", r = "", proof = ""] =
        /^(c=[^,]*,r=([^,]*)),p=(.*)$/.exec(message) ?? [];
      const all = `${said},${without}`;
      const signature = hmac(stored, all);
      const given = Buffer.from(proof, "base64");
      if (!knows || r !== nonce || given.length !== signature.length) return undefined;
      const key = Buffer.from(given.map((byte, index) => byte ^ (signature[index] ?? 0)));
      if (!timingSafeEqual(createHash("sha256").update(key).digest(), stored)) return undefined;
      return `v=${hmac(hmac(salted, "Server Key"), all).toString("base64")}`;
    },
  };
}
