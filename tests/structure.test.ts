import assert from "node:assert/strict";
import { test } from "node:test";

import { circlesAmong, importsAmong, trackedFiles } from "../tools/structure.ts";

/** What the folders of the product take from each other. Which parts of them is the linter's business (biome.json). */
const TAKES: Readonly<Record<string, readonly string[]>> = {
  // The portals' contract: documents, CIDR blocks, SSH keys.
  engines: ["proxy-image"],
  // The validated model.
  components: ["engines", "infra", "proxy-image"],
  infra: ["components", "engines", "proxy-image"],
  tools: ["bench", "engines", "infra", "proxy-image"],
  "proxy-image": [],
};

/** Tests stand with what they test, and take what they need from anywhere. */
const imports = importsAmong(
  trackedFiles().filter((file) => topOf(file) in TAKES && !file.includes("/tests/")),
);

test("no folder is in a circle of imports with its neighbours", () => {
  const within = imports.filter(({ from, to }) => topOf(from) === topOf(to));
  assert.ok(within.length > 500);
  assert.deepEqual(circlesAmong(within), []);
});

test("each folder at the top takes from those alone that it may", () => {
  const taken = Object.keys(TAKES).map((folder) => [
    folder,
    [...new Set(imports.filter(({ from }) => topOf(from) === folder).map(({ to }) => topOf(to)))]
      .filter((other) => other !== folder)
      .sort(),
  ]);
  assert.deepEqual(Object.fromEntries(taken), TAKES);
});

test("a circle is found among folders and the files beside them, and not among files alone", () => {
  const circle = (...pairs: readonly [string, string][]) =>
    circlesAmong(pairs.map(([from, to]) => ({ from, to })));
  assert.deepEqual(circle(["a/x/1.ts", "a/y/2.ts"], ["a/y/z/3.ts", "a/x/4.ts"]), [["a/x", "a/y"]]);
  assert.deepEqual(circle(["a/x/1.ts", "a/y.ts"], ["a/y.ts", "a/x/2.ts"]), [["a/x", "a/y.ts"]]);
  assert.deepEqual(circle(["a/x/1.ts", "a/y.ts"], ["a/z.ts", "a/x/2.ts"]), []);
  assert.deepEqual(circle(["a/x.ts", "a/y.ts"], ["a/y.ts", "a/x.ts"]), []);
});

function topOf(file: string): string {
  return file.split("/")[0] ?? "";
}
