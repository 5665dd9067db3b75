import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";

import { ConfigError, parseConfig } from "../../infra/config.ts";
import { opensshForms } from "../../tools/airgap/tls/keys.ts";
import { awsConfig } from "../aws/stack.ts";

const NOW = new Date("2026-06-01T12:00:00Z");

const lineOf = (pair: ReturnType<typeof generateKeyPairSync>): string =>
  opensshForms(
    (pair as { privateKey: Parameters<typeof opensshForms>[0] }).privateKey,
  ).publicKeyOpenssh.trim();

const ann = lineOf(generateKeyPairSync("ed25519"));
const bob = lineOf(generateKeyPairSync("ec", { namedCurve: "P-384" }));
const short = lineOf(generateKeyPairSync("rsa", { modulusLength: 2048 }));

function read(ssh: unknown, target: object = { target: "local" }) {
  const orders = { engine: "postgresql", whitelist: { "203.0.113.0/24": "Berlin" }, ssh };
  const { stack, warnings } = parseConfig({ ...target, deployments: { orders } }, NOW);
  return { ssh: stack.deployments[0]?.ssh, warnings };
}

function problemsIn(ssh: unknown): readonly string[] {
  try {
    read(ssh);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map((problem) => problem.replace("deployments.orders.ssh", "ssh"));
  }
  return [];
}

for (const target of [{ target: "local" }, { target: "aws", aws: awsConfig({})["portico:aws"] }])
  test(`keys by name turn SSH on, on ${target.target}, and their comments are dropped`, () => {
    const { ssh, warnings } = read(
      { keys: { ann: `${ann} ann@laptop, the new one`, bob } },
      target,
    );

    assert.deepEqual(ssh, { keys: { ann, bob } });
    assert.deepEqual(warnings, []);
  });

test("without the key ssh there is no SSH portal", () => {
  assert.equal(read(undefined).ssh, undefined);
});

test("no keys mean nobody, which is said", () => {
  const { ssh, warnings } = read({ keys: {} });

  assert.deepEqual(ssh, { keys: {} });
  assert.match(String(warnings), /ssh\.keys: is empty, so nobody can open a tunnel/);
});

test("every mistake in ssh is told at once, those of keys beside a misspelt one too", () => {
  const problems = problemsIn({
    kyes: {},
    keys: {
      ann,
      "ann again": ann,
      bob: short,
      carol: `from="10.0.0.1" ${bob}`,
      dave: 42,
    },
  });

  assert.deepEqual(
    problems.map((problem) => problem.slice(0, 70)),
    [
      'ssh: unknown key "kyes"; did you mean "keys"?',
      'ssh.keys["ann again"]: must be a name of 1 to 63 letters, digits, dots, dashes, underscores and @',
      'ssh.keys["ann again"]: is the same key as ann\'s',
      "ssh.keys.bob: is an RSA key of 2048 bits: 3072 at least",
      "ssh.keys.carol: has options in front of its type, and none are taken: must be the line",
      "ssh.keys.dave: must begin with its type; the types are ssh-ed25519, sk-ssh-ed25519@openssh",
    ].map((problem) => problem.slice(0, 70)),
  );
});

test("ssh without keys, and keys that are a list, are told what they should be", () => {
  for (const ssh of [{}, { keys: [ann] }, null, "yes"])
    assert.match(problemsIn(ssh).join(), /must be a map/, JSON.stringify(ssh));
});
