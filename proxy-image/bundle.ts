import { join } from "node:path";
import { buildSync } from "esbuild";

/** Bundles the agent, what it does in a thread of its own, and what it loads only where it needs it, into files below `dist/`. */
export function bundleAgent(folder: string = import.meta.dirname): void {
  const source = (name: string) => join(folder, "src", name);
  bundle({
    programs: {
      agent: source("agent/main.ts"),
      "judge-document": source("judge-document.ts"),
      "s3-client": source("s3/client.ts"),
      "mysql-driver": source("engines/mysql/driver.ts"),
    },
    folder,
    outdir: join(folder, "dist"),
  });
}

export interface Bundle {
  /** Source files, by the name of what is made of each. */
  readonly programs: Readonly<Record<string, string>>;
  /** What paths in the output are relative to. */
  readonly folder: string;
  readonly outdir: string;
}

/**
 * Makes one file of each program, for the Node of an image, which neither strips types nor has packages. The same sources give the
 * same bytes, so that an image changes only with them.
 */
export function bundle({ programs, folder, outdir }: Bundle): void {
  buildSync({
    entryPoints: { ...programs },
    outdir,
    outExtension: { ".js": ".mjs" },
    absWorkingDir: folder,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    legalComments: "none",
    logLevel: "error",
    // What is not used of a library can be left out only where it comes as modules.
    mainFields: ["module", "main"],
    // Libraries in CommonJS ask for Node's own modules by require, which ESM has not.
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
  });
}
