import assert from "node:assert/strict";
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";

import { copyPython, fillNodeImage } from "../../../../infra/target/image-folders.ts";
import { catalogue, engines } from "../../../table.ts";

const PROJECT = resolve(import.meta.dirname, "../../../..");
const SHARED = join(PROJECT, "engines/common/node-image/portico_node");

async function folders(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "portico-copies-"));
  t.after(() => rm(folder, { recursive: true }));
  const [from, to] = [join(folder, "from"), join(folder, "to")];
  cpSync(SHARED, from, { recursive: true, filter: (path) => !path.includes("__pycache__") });
  return { from, to };
}

const contentOf = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((file) => [file, readFileSync(join(folder, file), "utf8")]),
  );

test("a copy is what its source is: what has changed is replaced, what is gone is removed", async (t) => {
  const { from, to } = await folders(t);
  copyPython(from, to);
  assert.deepEqual(contentOf(to), contentOf(from));

  writeFileSync(join(from, "log.py"), "changed = True\n");
  rmSync(join(from, "health.py"));
  mkdirSync(join(to, "__pycache__"));
  copyPython(from, to);
  assert.deepEqual(contentOf(to), contentOf(from));
});

test("a copy that is as its source stays untouched, so that images are not built anew", async (t) => {
  const { from, to } = await folders(t);
  copyPython(from, to);
  const written = statSync(join(to, "log.py"), { bigint: true }).mtimeNs;
  copyPython(from, to);
  assert.equal(statSync(join(to, "log.py"), { bigint: true }).mtimeNs, written);
});

test("a source that isn't there is an error, and no empty copy", async (t) => {
  const { from, to } = await folders(t);
  rmSync(from, { recursive: true });
  assert.throws(() => copyPython(from, to), /ENOENT/);
});

for (const engine of engines.filter((engine) => catalogue[engine].homeMade === undefined))
  test(`an image of ${engine} can't be built without what its Python shares with the others`, () => {
    const folder = fillNodeImage(PROJECT, engine);
    assert.deepEqual(contentOf(join(folder, "portico_node")), pythonOf(SHARED));
    // A build fails at a COPY of what isn't there.
    const dockerfile = readFileSync(join(folder, "Dockerfile"), "utf8");
    assert.match(dockerfile, /^COPY portico_node\/ \/usr\/local\/lib\/portico\/portico_node\/$/m);
  });

const pythonOf = (folder: string) =>
  Object.fromEntries(Object.entries(contentOf(folder)).filter(([file]) => file.endsWith(".py")));
