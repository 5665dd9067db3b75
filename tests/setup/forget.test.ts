import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";

import { forget } from "../../tools/local/state.ts";

const CONFIG = "config:\n  portico:target: local\n";
const SALTED = `encryptionsalt: v1:abc=:v1:def:ghi=\n${CONFIG}`;
const STATE = "state/.pulumi";

/** A clone whose stack is gone, with what the CLI leaves behind. */
async function clone(t: TestContext, more: readonly string[] = []) {
  const root = await mkdtemp(join(tmpdir(), "portico-forget-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  const folder = join(root, ".portico");
  const files = [
    ...["passphrase", "local/orders/ca.pem", "local/orders/portals/p/identity/client.key"],
    `${STATE}/stacks/portico/local.json.bak`,
    `${STATE}/backups/portico/local/local.1.json`,
    `${STATE}/history/portico/local/local-1.checkpoint.json`,
    ...more,
  ];
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), "secret");
  }
  const config = join(root, "Pulumi.local.yaml");
  await writeFile(config, SALTED);
  const kept = { folder, stack: "local", project: "portico", config };
  const left = async () =>
    (await readdir(root, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(root.length + 1));
  return { kept, folder, left };
}

test("a stack that was removed leaves its config, without the salt of the passphrase that is gone", async (t) => {
  const { kept, left } = await clone(t);

  assert.deepEqual(await forget(kept), { found: true });

  assert.deepEqual(await left(), ["Pulumi.local.yaml"]);
  assert.equal(await readFile(kept.config, "utf8"), CONFIG);
  assert.deepEqual(await forget(kept), { found: false }, "nothing is left to do");
});

test("the salt goes from a config in JSON too", async (t) => {
  const { kept } = await clone(t);
  for (const salt of [`encryptionsalt: 'v1:abc=:v1:d'`, `"encryptionsalt": "v1:abc=:v1:d"`]) {
    await writeFile(kept.config, `{"config": {"portico:target": "local"}, ${salt}}\n`);
    await forget(kept);
    assert.deepEqual(JSON.parse(await readFile(kept.config, "utf8")), {
      config: { "portico:target": "local" },
    });
  }
});

test("what an interrupted removal left is found, whatever is gone already", async (t) => {
  for (const gone of ["state", "local", "passphrase", "state/.pulumi/backups"]) {
    const { kept, folder, left } = await clone(t);
    await rm(join(folder, gone), { recursive: true });

    assert.deepEqual(await forget(kept), { found: true }, gone);

    assert.deepEqual(await left(), ["Pulumi.local.yaml"], gone);
  }
});

test("the passphrase stays for another stack that somebody keeps in the same backend", async (t) => {
  const other = `${STATE}/stacks/portico/mine.json`;
  const { kept, left } = await clone(t, [other]);

  const { stays } = await forget(kept);

  assert.match(stays ?? "", /^the passphrase, for portico\/mine in /);
  const files = ["Pulumi.local.yaml", ".portico/passphrase", `.portico/${other}`];
  assert.deepEqual((await left()).sort(), files.sort());
  assert.equal(await readFile(kept.config, "utf8"), SALTED);
});
