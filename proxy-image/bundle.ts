import { join } from "node:path";
import { buildSync } from "esbuild";

/**
 * Bundles the agent into the one file that the image takes in, and gives its path. The same sources give the same bytes, so
 * that an image changes only with them.
 */
export function bundleAgent(folder: string = import.meta.dirname): string {
  const outfile = join(folder, "dist", "agent.mjs");
  buildSync({
    entryPoints: [join(folder, "src", "main.ts")],
    outfile,
    absWorkingDir: folder,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    legalComments: "none",
    logLevel: "error",
    // Libraries in CommonJS ask for Node's own modules by require, which ESM has not.
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
  });
  return outfile;
}
