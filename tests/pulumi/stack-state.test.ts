import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";

import { inventory } from "../../infra/provider/inventory.ts";

const URN = "urn:pulumi:shop::portico::portico:index:Inventory::inventory";
const olds = { place: { target: "aws" }, deployments: { orders: { portals: [] } }, removed: [] };
const news = { ...olds, deployments: {}, removed: ["orders"] };

/** The check of an update that removes `orders`, where `pulumi` is this shell script, or isn't there at all. */
async function checked(t: TestContext, script?: string) {
  const folder = await mkdtemp(join(tmpdir(), "portico-"));
  const { PATH } = process.env;
  t.after(() => {
    process.env.PATH = PATH;
    return rm(folder, { recursive: true });
  });
  process.env.PATH = folder;
  const cli = join(folder, "pulumi");
  if (script !== undefined) await writeFile(cli, `#!/bin/sh\n${script}\n`);
  if (script !== undefined) await chmod(cli, 0o755);
  return inventory.check?.(URN, olds, news) ?? assert.fail();
}

for (const [what, script, why] of [
  ["has no pulumi on the PATH", undefined, /ENOENT/],
  ["fails", "echo no stack named shop >&2; exit 1", /no stack named shop/],
  ["answers something else", "echo {}", /deployment/],
] as const)
  test(`where the export ${what}, a removal is refused`, async (t) => {
    const { failures } = await checked(t, script);
    assert.equal(failures.length, 1);
    assert.match(
      failures[0]?.reason ?? "",
      /^portico:removed: what the state still has of what it names can't be read, since pulumi stack export failed/,
    );
    assert.match(failures[0]?.reason ?? "", why);
  });

test("a state that has nothing yet protects nothing", async (t) => {
  const { failures, inputs } = await checked(t, `echo '{"version":3,"deployment":{}}'`);
  assert.deepEqual(failures, []);
  assert.deepEqual(inputs.leaving, { orders: { portals: [] } });
});

const ONE = `[{"name":"team/shop"},{"name":"team/other-shop"}]`;
const TWO = `[{"name":"team/shop"},{"name":"club/shop"}]`;
const cloud = (list: string) => `case "$*" in
  *"ls --json"*) echo '${list}' ;;
  *"--stack team/shop "*) echo '{"version":3,"deployment":{}}' ;;
  *) echo no stack named shop >&2; exit 1 ;;
esac`;

test("a stack of another organization than the default one is found by this project's list", async (t) => {
  assert.deepEqual((await checked(t, cloud(ONE))).failures, []);
});

test("where two organizations have a stack of that name, a removal is refused", async (t) => {
  const { failures } = await checked(t, cloud(TWO));
  assert.match(failures[0]?.reason ?? "", /no stack named shop/);
});
