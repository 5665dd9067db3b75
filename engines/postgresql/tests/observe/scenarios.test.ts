import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import type { Scenario } from "./scenario.ts";
import { play } from "./scenario.ts";

const folder = new URL("./scenarios/", import.meta.url);

for (const file of readdirSync(folder).sort()) {
  for (const scenario of JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Scenario[]) {
    test(`${file.replace(".json", "")}: ${scenario.title}`, () => {
      const seen = play(scenario);

      assert.notEqual(seen.length, 0);
      for (const { is, must } of seen) assert.deepEqual(is, must);
    });
  }
}
