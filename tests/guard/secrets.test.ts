import assert from "node:assert/strict";
import { test } from "node:test";

import { check } from "./check.ts";
import { refusals, resource } from "./preview.ts";
import { BLOCK, blockOf, bucket, closed } from "./resources.ts";

check([
  ["a closed bucket", [bucket, blockOf(closed)]],
  ["a bucket without its block", [bucket], /no public access block/],
  [
    "a bucket that lets policies open it",
    [bucket, blockOf({ ...closed, blockPublicPolicy: false })],
    /blockPublicPolicy is false/,
  ],
  [
    "a block that goes",
    [resource("delete", BLOCK, "bucket", {})],
    /would be deleted, and public access/,
  ],
  [
    "a marked key",
    [
      resource("create", "x:y:Z", "orders-k", {
        new: { privateKeyPem: "[secret]", password: "[secret]" },
      }),
    ],
  ],
  [
    "a key in clear",
    [
      resource("create", "x:y:Z", "orders-k", {
        new: { files: [{ a: "-----BEGIN EC PRIVATE KEY-----\nMIG" }] },
      }),
    ],
    /^Z orders-k shows a private key in clear text: files.0.a/,
  ],
  [
    "a key in clear before, which the update takes out",
    [
      resource("update", "x:y:Z", "orders-k", {
        old: { a: "-----BEGIN PRIVATE KEY-----" },
        new: { a: "[secret]" },
      }),
      resource("delete", "x:y:Z", "orders-l", { old: { a: "-----BEGIN PRIVATE KEY-----" } }),
    ],
  ],
  [
    "a key in an output",
    [resource("same", "x:y:Z", "orders-k", { outputs: { pem: "-----BEGIN PRIVATE KEY-----" } })],
    /private key in clear text: pem/,
  ],
  [
    "a password by name",
    [resource("create", "x:y:Z", "orders-k", { new: { masterPassword: "hunter2" } })],
    /a password in clear text: masterPassword/,
  ],
  [
    "a password in a URI",
    [resource("create", "x:y:Z", "orders-k", { new: { a: "postgresql://orders:hunter2@h/db" } })],
    /a password in clear text: a/,
  ],
  [
    "a password in a file",
    [
      resource("create", "x:y:Z", "orders-k", {
        new: { content: '{"etcd":{"password":"hunter2"}}' },
      }),
    ],
    /a password in clear text: content/,
  ],
]);

test("a secret in the config is refused, and never repeated", () => {
  const [said = ""] = refusals([bucket, blockOf(closed)], {
    config: { "portico:password": "hunter2" },
  });
  assert.match(said, /^The config shows a password in clear text: portico:password/);
  assert.doesNotMatch(said, /hunter2/);
});
