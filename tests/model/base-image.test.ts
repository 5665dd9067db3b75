import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { engines } from "../../engines/table.ts";
import { BASE_IMAGE } from "../../infra/model/stack.ts";

const PROJECT = join(import.meta.dirname, "../..");

test("every image starts from the same base, by its digest", () => {
  assert.match(BASE_IMAGE, /^debian@sha256:[0-9a-f]{64}$/);
  const folders = ["proxy-image", ...engines.map((engine) => `engines/${engine}/node-image`)];
  for (const folder of folders) {
    const text = readFileSync(join(PROJECT, folder, "Dockerfile"), "utf8");
    assert.match(text, new RegExp(`^ARG BASE=${BASE_IMAGE}$`, "m"), folder);
    const bases = [...text.matchAll(/^FROM (\S+)(?: AS (\S+))?$/gm)];
    const stages = bases.map(([, , stage]) => stage);
    for (const [, base = ""] of bases)
      assert.ok(/^\$\{BASE\}$/.test(base) || stages.includes(base), `${folder}: FROM ${base}`);
  }
});
