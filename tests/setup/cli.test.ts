import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";

import { execa } from "execa";

import { readable } from "../../tools/local/cli.ts";

/** A project with a stack, and Pulumi's CLI on it. */
async function project(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "words-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "Pulumi.yaml"), "name: words\nruntime: yaml\n");
  const pulumi = (passphrase: string, ...args: string[]) =>
    execa("pulumi", [...args, "--non-interactive", "-s", "local"], {
      cwd: folder,
      env: {
        PULUMI_BACKEND_URL: `file://${folder}`,
        PULUMI_CONFIG_PASSPHRASE: passphrase,
        PULUMI_SKIP_UPDATE_CHECK: "true",
      },
    });
  await pulumi("mine", "stack", "init", "--no-select");
  return { pulumi, file: join(folder, "Pulumi.local.yaml") };
}

const errorOf = (doing: Promise<unknown>): Promise<unknown> =>
  doing.then(
    () => assert.fail("it went well"),
    (error) => readable(error) as Error,
  );

test("a config that is no YAML is told with its file's name", async (t) => {
  const { pulumi, file } = await project(t);
  await writeFile(file, "config:\n  portico:target: [local\n");

  assert.match(
    String(await errorOf(pulumi("mine", "config", "--json"))),
    /Pulumi\.local\.yaml can't be read: yaml: /,
  );
});

test("a config that was copied from another folder is told with what to remove", async (t) => {
  const { pulumi, file } = await project(t);
  const salted = await readFile(file, "utf8");
  await pulumi("mine", "stack", "rm", "--yes");
  await writeFile(file, salted);

  const error = await errorOf(pulumi("another", "stack", "init", "--no-select"));
  assert.match(
    String(error),
    /doesn't fit Pulumi\.local\.yaml\. If that file is a copy from another folder: remove its line encryptionsalt/,
  );
});

test("any other error stays as it is", async (t) => {
  const { pulumi } = await project(t);

  assert.match(String(await errorOf(pulumi("mine", "config", "get", "nothing"))), /Command failed/);
});
