import assert from "node:assert/strict";
import { test } from "node:test";

import * as pulumi from "@pulumi/pulumi";

import { Passwords } from "../../components/passwords.ts";
import { catalogue, engines } from "../../engines/table.ts";
import { derivePassword } from "../../engines/uri.ts";
import { declare, only, settled } from "./declare.ts";

const { built, resources } = await declare(() => new Passwords("orders", { rotate: 0 }));

test("all passwords follow from one protected key", () => {
  assert.equal(resources.length, 1);
  assert.ok(only(resources, "PrivateKey").protect);
});

test("each use has a password of its own, always the same, and it is secret", async () => {
  assert.ok(await pulumi.isSecret(built.for("app")));
  const [app, again, other] = await Promise.all(
    [built.for("app"), built.for("app"), built.for("replication")].map(settled),
  );
  assert.equal(app, again);
  assert.notEqual(app, other);
  assert.ok((app ?? "").length > 20);
});

for (const engine of engines)
  test(`nodes and portals of ${engine} get what their row asks for, all of it secret`, async () => {
    const row = catalogue[engine];
    const [nodes, portals] = [built.forNodes(row), built.forPortals(row)];
    assert.ok(await pulumi.isSecret(nodes));
    // Portals of an engine that needs no login get nothing, which is no secret.
    assert.equal(await pulumi.isSecret(portals), Object.keys(row.logins).length > 0);
    assert.deepEqual(Object.keys(await settled(nodes)).sort(), [...row.passwords].sort());
    for (const [what, { user, password }] of Object.entries(await settled(portals))) {
      assert.equal(user, row.logins[what]?.user);
      assert.ok(password.length > 20);
    }
  });

const KEY = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
-----END PRIVATE KEY-----`;

test("each rotation has a password of its own; the first is the one from before there were any", () => {
  const [first, ...later] = [0, 1, 2].map((rotation) => derivePassword(KEY, "app", rotation));
  assert.equal(first, "tveDG7DuQr0mSRvGFYh0hE4wRddUNcAj");
  assert.equal(new Set([first, ...later]).size, 3);
});

test("`rotate` changes the clients' password alone", async () => {
  const source = { privateKeyPem: KEY };
  const passwordsAt = async (rotate: number) => {
    await pulumi.runtime.setMocks({
      newResource: ({ name }) => ({ id: name, state: source }),
      call: () => ({}),
    });
    return Promise.all(
      ["app", "replication"].map((use) => settled(new Passwords("orders", { rotate }).for(use))),
    );
  };
  const [before, after] = [await passwordsAt(0), await passwordsAt(1)];
  assert.deepEqual(
    before.map((password, index) => password === after[index]),
    [false, true],
  );
});
