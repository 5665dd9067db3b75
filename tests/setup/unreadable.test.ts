import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";

import { checkKept } from "../../tools/local/place.ts";
import { recover } from "../../tools/local/recover.ts";
import { latest, type StackFiles, stackFiles } from "../../tools/local/state.ts";

async function emptyBackend(t: TestContext): Promise<StackFiles> {
  const folder = await mkdtemp(join(tmpdir(), "unreadable-"));
  t.after(() => rm(folder, { recursive: true }));
  const files = stackFiles(folder, "portico", "local");
  for (const part of [files.locks, dirname(files.checkpoint)])
    await mkdir(part, { recursive: true });
  return files;
}

for (const [what, content] of [
  ["cut off", '{"version":3,"checkpoint":{"latest":{"resou'],
  ["empty", ""],
  ["something else", "{}"],
] as const)
  test(`a state file that is ${what} is told with its name and the copy beside it`, async (t) => {
    const files = await emptyBackend(t);
    await writeFile(files.checkpoint, content);
    const file = files.checkpoint.replaceAll(/[./]/g, "\\$&");

    await assert.rejects(latest(files), {
      name: "SetupError",
      message: new RegExp(`^${file} can't be read: .*\\. There is no copy beside it`),
    });
    await writeFile(`${files.checkpoint}.bak`, "{}");
    await assert.rejects(latest(files), {
      name: "SetupError",
      message: new RegExp(`^${file} can't be read: .*: cp ${file}\\.bak ${file}, `),
    });
  });

test("a config that has lost the place of a stack with a state is refused, with the way to get it back", async (t) => {
  const files = await emptyBackend(t);
  const place = { "portico:local": { objectValue: { name: "portico" } } };
  await checkKept({}, files);
  await writeFile(files.checkpoint, '{"checkpoint":{"latest":{}}}');
  await checkKept({}, files);

  const resources = [{ urn: "urn:x", type: "pulumi:pulumi:Stack" }];
  await writeFile(files.checkpoint, JSON.stringify({ checkpoint: { latest: { resources } } }));
  await checkKept(place, files);
  for (const lost of [{}, { "portico:local": { objectValue: { range: "10.87.0.0/16" } } }])
    await assert.rejects(checkKept(lost, files), {
      name: "SetupError",
      message: /no longer says where it is .* config refresh -s local --force$/,
    });
});

test("a lock that was never written to its end is dropped", async (t) => {
  const files = await emptyBackend(t);
  await writeFile(join(files.locks, "empty.json"), "");
  await writeFile(join(files.locks, "half.json"), '{"pid":');

  await recover(() => assert.fail("nothing is pending"), files, 0);

  assert.deepEqual(await readdir(files.locks), []);
});
