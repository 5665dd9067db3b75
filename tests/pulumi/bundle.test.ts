import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { bundle } from "../../proxy-image/bundle.ts";

test("a bundle stays as it is until one of its sources changes, or it is gone or another", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "portico-bundle-"));
  t.after(() => rm(folder, { recursive: true }));
  const [source, made] = [join(folder, "part.ts"), join(folder, "dist", "main.mjs")];
  const write = (says: string) => writeFile(source, `export const said: string = "${says}";\n`);
  await writeFile(
    join(folder, "main.ts"),
    'import { said } from "./part.ts";\nconsole.log(said);\n',
  );
  const bundled = async () => {
    bundle({
      programs: { main: join(folder, "main.ts") },
      folder,
      outdir: join(folder, "dist"),
    });
    return /said = "(.*)"/.exec(await readFile(made, "utf8"))?.[1];
  };

  await write("one");
  assert.equal(await bundled(), "one");
  // Of the same length, as an edit often is.
  await write("two");
  assert.equal(await bundled(), "two");

  await writeFile(made, 'said = "another"');
  assert.equal(await bundled(), "two");
  await rm(made);
  assert.equal(await bundled(), "two");

  const kept = await stateOf(made);
  assert.equal(await bundled(), "two");
  assert.equal(await stateOf(made), kept);
});

const stateOf = async (file: string): Promise<number> => (await stat(file)).mtimeMs;
