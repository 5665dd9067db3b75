import assert from "node:assert/strict";
import { test } from "node:test";

import { circlesAmong, importsAmong, trackedFiles } from "../tools/structure.ts";

/** Who may import whom is the linter's (biome.json). It sees one import at a time, and so no circle of several folders. */
const WITHOUT_CIRCLES = ["infra", "components", "tools"];

test("no folder is in a circle of imports with its neighbours", () => {
  const files = trackedFiles().filter((file) =>
    WITHOUT_CIRCLES.some((folder) => file.startsWith(`${folder}/`)),
  );
  const within = importsAmong(files).filter(
    ({ from, to }) => from.split("/")[0] === to.split("/")[0],
  );
  assert.ok(within.length > 100);
  assert.deepEqual(circlesAmong(within), []);
});

test("a circle is found among folders and the files beside them, and not among files alone", () => {
  const circle = (...pairs: readonly [string, string][]) =>
    circlesAmong(pairs.map(([from, to]) => ({ from, to })));
  assert.deepEqual(circle(["a/x/1.ts", "a/y/2.ts"], ["a/y/z/3.ts", "a/x/4.ts"]), [["a/x", "a/y"]]);
  assert.deepEqual(circle(["a/x/1.ts", "a/y.ts"], ["a/y.ts", "a/x/2.ts"]), [["a/x", "a/y.ts"]]);
  assert.deepEqual(circle(["a/x/1.ts", "a/y.ts"], ["a/z.ts", "a/x/2.ts"]), []);
  assert.deepEqual(circle(["a/x.ts", "a/y.ts"], ["a/y.ts", "a/x.ts"]), []);
});
