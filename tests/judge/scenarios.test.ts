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

      assert.deepEqual(
        seen.map(({ why: _, ...step }) => step),
        scenario.steps.map(({ at, expect, readers, members, gates }) => ({
          at,
          expect,
          ...(readers && { readers }),
          ...(members && { members }),
          ...(gates && { gates }),
        })),
      );
      scenario.steps.forEach(({ why }, index) => {
        if (why !== undefined) assert.match(seen[index]?.why ?? "", new RegExp(why));
      });
    });
  }
}
