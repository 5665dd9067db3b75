import assert from "node:assert/strict";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { test } from "node:test";

import { scramFor } from "../stand-in/scram.ts";

const hmac = (key: Buffer, text: string) => createHmac("sha256", key).update(text).digest();

test("a stand-in takes a new password for the next login, and the old one no more", () => {
  let passwords: Record<string, string> = { orders: "first", portal: "own" };
  const open = scramFor(() => passwords);
  assert.equal(logIn(open(), "orders", "first"), "orders");

  passwords = { ...passwords, orders: "second" };
  assert.equal(logIn(open(), "orders", "first"), undefined);
  assert.equal(logIn(open(), "orders", "second"), "orders");
  assert.equal(logIn(open(), "portal", "own"), "portal");
});

/** The client's side (RFC 7677). Gives whom the server takes it for. */
function logIn(server: ReturnType<ReturnType<typeof scramFor>>, user: string, password: string) {
  const bare = `n=${user},r=nonce`;
  const challenge = server.first(`n,,${bare}`);
  const [, nonce = "", salt = "", rounds = ""] =
    /^r=([^,]*),s=([^,]*),i=(\d+)$/.exec(challenge) ?? [];
  const salted = pbkdf2Sync(password, Buffer.from(salt, "base64"), Number(rounds), 32, "sha256");
  const key = hmac(salted, "Client Key");
  const without = `c=biws,r=${nonce}`;
  const signed = hmac(createHash("sha256").update(key).digest(), `${bare},${challenge},${without}`);
  const proof = Buffer.from(key.map((byte, index) => byte ^ (signed[index] ?? 0)));
  return server.final(`${without},p=${proof.toString("base64")}`)?.user;
}
