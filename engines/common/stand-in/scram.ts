import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";

const ITERATIONS = 4096;

/** The server's side of one login by SCRAM-SHA-256 (RFC 7677). */
export interface Scram {
  first(message: string): string;
  /** The server's proof and who logged in, or undefined where the client's proof doesn't fit. */
  final(message: string): { readonly proof: string; readonly user: string } | undefined;
}

interface Secret {
  readonly salt: string;
  readonly stored: Buffer;
  readonly server: Buffer;
}

/** Makes a login for each connection. `passwords`: by user, as they are at that moment. */
export function scramFor(passwords: () => Readonly<Record<string, string>>): () => Scram {
  let before = { text: "", secrets: new Map<string, Secret>() };
  const nobody = secretOf(randomBytes(18).toString("base64"));
  const current = (): ReadonlyMap<string, Secret> => {
    const now = passwords();
    const text = JSON.stringify(now);
    if (text !== before.text)
      before = {
        text,
        secrets: new Map(Object.entries(now).map(([user, password]) => [user, secretOf(password)])),
      };
    return before.secrets;
  };
  return () => {
    const secrets = current();
    let [user, clientFirst, nonce] = ["", "", ""];
    const secret = () => secrets.get(user) ?? nobody;
    return {
      first(message) {
        const bare = message.replace(/^[nyp][^,]*,[^,]*,/, "");
        const [, who = "", client = ""] = /^n=([^,]*),r=(.*)$/.exec(bare) ?? [];
        user = who;
        nonce = client + randomBytes(18).toString("base64");
        const reply = `r=${nonce},s=${secret().salt},i=${ITERATIONS}`;
        clientFirst = `${bare},${reply}`;
        return reply;
      },
      final(message) {
        const [, without = "", r = "", proof = ""] =
          /^(c=[^,]*,r=([^,]*)),p=(.*)$/.exec(message) ?? [];
        const { stored, server } = secret();
        const all = `${clientFirst},${without}`;
        const signature = hmac(stored, all);
        const given = Buffer.from(proof, "base64");
        if (!secrets.has(user) || r !== nonce || given.length !== signature.length)
          return undefined;
        const key = Buffer.from(given.map((byte, index) => byte ^ (signature[index] ?? 0)));
        if (!timingSafeEqual(createHash("sha256").update(key).digest(), stored)) return undefined;
        return { proof: `v=${hmac(server, all).toString("base64")}`, user };
      },
    };
  };
}

function secretOf(password: string): Secret {
  const salt = randomBytes(28);
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, "sha256");
  return {
    salt: salt.toString("base64"),
    stored: createHash("sha256").update(hmac(salted, "Client Key")).digest(),
    server: hmac(salted, "Server Key"),
  };
}

const hmac = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
