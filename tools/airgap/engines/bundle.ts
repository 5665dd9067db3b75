import { join } from "node:path";
import { buildSync } from "esbuild";

const PROJECT = join(import.meta.dirname, "../../..");

/** The programs that the image of a stand-in takes in, by engine. */
const STAND_INS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  mongodb: {
    server: "mongodb/main.ts",
    health: "mongodb/health.ts",
    "step-down": "step-down.ts",
  },
};

/** Bundles an engine's stand-in, if it has one here, into files below `dist/` in its image's folder. */
export function bundleStandIn(engine: string): void {
  const programs = STAND_INS[engine];
  if (programs === undefined) return;
  buildSync({
    entryPoints: Object.fromEntries(
      Object.entries(programs).map(([name, file]) => [name, join(import.meta.dirname, file)]),
    ),
    outdir: join(PROJECT, "node-image", engine, "dist"),
    outExtension: { ".js": ".mjs" },
    absWorkingDir: PROJECT,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    legalComments: "none",
    logLevel: "error",
    mainFields: ["module", "main"],
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
  });
}
