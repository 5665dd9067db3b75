import assert from "node:assert/strict";
import { access, chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type TestContext, test } from "node:test";

import { change } from "../../tools/local/change.ts";
import { stackFiles } from "../../tools/local/state.ts";

const LOCKED =
  "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with `pulumi cancel`.";

/** A CLI that does as the script says: `$calls` is how often it was called before. */
async function withCli(t: TestContext, script: string) {
  const folder = await mkdtemp(join(tmpdir(), "change-"));
  t.after(() => rm(folder, { recursive: true }));
  const calls = join(folder, "calls");
  const file = join(folder, "pulumi");
  const count = `calls=$(cat ${calls} 2>/dev/null || echo 0); echo $((calls + 1)) > ${calls}`;
  await writeFile(file, `#!/bin/sh\n${count}\n${script}\n`);
  await chmod(file, 0o755);
  const env = { PATH: [folder, process.env.PATH].join(delimiter) };
  return { env, files: stackFiles(folder, "portico", "local") };
}

test("an update that another run locks out is done once that has ended", async (t) => {
  const { env, files } = await withCli(t, `[ $calls = 0 ] || exit 0; echo '${LOCKED}' >&2; exit 1`);
  const lock = join(files.locks, "another.json");
  await mkdir(files.locks, { recursive: true });
  await writeFile(lock, JSON.stringify({ pid: 2 ** 22 + 1, timestamp: "2026-01-01T00:00:00Z" }));

  assert.equal(await change({ env }, ["up"], files), 0);
  await assert.rejects(access(lock), "it was another run's that has ended");
});

test("an update that is locked out again and again gives up with a sentence of ours", async (t) => {
  const { env, files } = await withCli(t, `echo '${LOCKED}' >&2; exit 1`);

  await assert.rejects(change({ env }, ["up"], files), {
    name: "SetupError",
    message: /^Another run is at work on this stack/,
  });
});

test("any other failure keeps its exit code", async (t) => {
  const { env, files } = await withCli(t, "echo 'error: update failed' >&2; exit 255");

  assert.equal(await change({ env }, ["up"], files), 255);
});

for (const [what, message, told] of [
  ["a wrong passphrase", "incorrect passphrase", /passphrase.* bring the old one back/],
  [
    "a missing passphrase",
    "unable to read PULUMI_CONFIG_PASSPHRASE_FILE: open /x: no such file",
    /passphrase.* bring it back/,
  ],
] as const)
  test(`${what} is told with the way out`, async (t) => {
    const { env, files } = await withCli(
      t,
      `echo 'error: getting stack configuration: get stack secrets manager: ${message}' >&2; exit 255`,
    );

    await assert.rejects(change({ env }, ["destroy"], files), {
      name: "SetupError",
      message: told,
    });
  });
