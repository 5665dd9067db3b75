import assert from "node:assert/strict";

import type { Stack } from "../support/cli.ts";

/** Every key and password of a stack, by where it is from, in the shortest form that is in every form. */
export type Secrets = ReadonlyMap<string, string>;

/** From the state with its secrets in clear, which nobody but its owner can have. */
export async function secretsOf(stack: Stack): Promise<Secrets> {
  const { resources = [] } = await stack.export("--show-secrets");
  const found = resources.flatMap(({ urn, inputs, outputs }) => [
    ...keysIn(urn, { inputs, outputs }),
    ...(/-secrets\.json$/.test(urn) ? passwordsIn(urn, inputs?.content) : []),
  ]);
  const outputs = Object(await stack.outputs()).deployments as Record<string, unknown>;
  for (const [name, { password }] of Object.entries(outputs) as [string, { password: string }][])
    found.push([`${name}'s password`, password]);
  const secrets = new Map(found.map(([where, secret]) => [secret, where]));
  // A key and two passwords a deployment would already be more than this finds if it looked in the wrong place.
  assert.ok(secrets.size > 10, `only ${secrets.size} secrets found`);
  return new Map([...secrets].map(([secret, where]) => [where, secret]));
}

/** Fails for each secret that is anywhere in `shown`, in clear or encoded. */
export function assertNowhere(secrets: Secrets, shown: Readonly<Record<string, unknown>>): void {
  for (const [path, value] of Object.entries(shown)) {
    const text = textOf(value);
    assert.ok(text.length > 1000, `${path} has nothing to look at`);
    assert.doesNotMatch(text, /-----BEGIN [A-Z ]*PRIVATE KEY/, path);
    for (const [where, secret] of secrets)
      for (const form of [secret, Buffer.from(secret).toString("base64").replace(/=+$/, "")])
        assert.ok(!text.includes(form), `${path} shows ${where}`);
  }
}

/** With what is in base64 decoded beside it: user data, and objects that are bytes. */
function textOf(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const encoded = text.matchAll(/(?:contentBase64|userDataBase64|userData)\\?": ?\\?"([^"\\]+)/g);
  const decoded = [...encoded].map(([, body = ""]) =>
    Buffer.from(body, "base64").toString("latin1"),
  );
  return [text, ...new Set(decoded)].join("\n");
}

type Found = readonly [where: string, secret: string];

/** The first line of a private key's body holds bits of the key, and has no line end for an encoding to change. */
function keysIn(urn: string, value: unknown): Found[] {
  const text = JSON.stringify(value) ?? "";
  return [...text.matchAll(/PRIVATE KEY-----(?:\\+n)+([A-Za-z0-9+/=]{40,})/g)].map(
    ([, line = ""], index) => [`key ${index} of ${urn}`, line],
  );
}

function passwordsIn(urn: string, content: unknown): Found[] {
  const text = plain(content);
  return leaves(JSON.parse(text))
    .filter(([name]) => name !== "user")
    .map(([name, secret]) => [`${name} of ${urn}`, secret]);
}

/** A secret in an export with `--show-secrets` is an object around JSON. */
function plain(value: unknown): string {
  if (typeof value === "string") return value;
  return JSON.parse(String(Object(value).plaintext));
}

function leaves(value: unknown, name = ""): Found[] {
  if (typeof value === "string") return [[name, value]];
  return Object.entries(Object(value)).flatMap(([key, inner]) => leaves(inner, key));
}
