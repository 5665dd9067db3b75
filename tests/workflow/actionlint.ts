import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";

import { execa } from "execa";

import { CACHE, isExecutable, onPath } from "../../tools/setup/paths.ts";

const VERSION = "1.7.12";
const MODULE = "github.com/rhysd/actionlint/cmd/actionlint";
const BUILD_MS = 600_000;

const folder = join(CACHE, `actionlint-${VERSION}`);

/** The linter of workflow files, built once for all clones. It is no part of the product, so only its tests need Go. */
export async function actionlint(): Promise<string> {
  const built = join(folder, "actionlint");
  if (await isExecutable(built)) return built;
  const go = await onPath("go", ["/usr/local/go/bin", "/usr/lib/go/bin", "/opt/homebrew/bin"]);
  if (go === undefined)
    throw new Error(
      `Workflows are linted by actionlint ${VERSION}, which is built with Go: install Go ≥ 1.25`,
    );
  const unfinished = `${folder}.${process.pid}`;
  try {
    await execa(go, ["install", `${MODULE}@v${VERSION}`], {
      env: { GOBIN: unfinished, CGO_ENABLED: "0", GOFLAGS: "" },
      timeout: BUILD_MS,
    });
    await mkdir(folder, { recursive: true });
    await rename(join(unfinished, "actionlint"), built);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return built;
}
