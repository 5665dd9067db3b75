import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { awaitVerdict } from "../../infra/provider/applied.ts";

test("a portal that refused what has no digest, since it was too long to be read, is no silent one", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "awaited-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "applied.json");
  const refused = { digest: null, why: "is over 33554432 bytes long" };
  await writeFile(path, JSON.stringify({ at: 2, digest: "of the first", refused }));

  const verdict = await awaitVerdict(path, "of the second", 1, {
    silentMs: 100,
    totalMs: 300,
    stop: t.signal,
  });

  assert.equal(verdict.kind, "late");
});
