import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";

import type { BuildOptions } from "esbuild";

/** Where it is noted what bundles were made of: goes with the packages, which they are made of too. */
const RECORDS = join(import.meta.dirname, "..", "node_modules", ".cache", "portico-bundles");

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
 * same bytes, so that an image changes only with them. Where nothing has changed since they were made, they stay.
 */
export function bundle({ programs, folder, outdir }: Bundle): void {
  const options = {
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
  } satisfies BuildOptions;
  const record = join(RECORDS, `${sha256(JSON.stringify(options))}.json`);
  if (isCurrent(record)) return;
  const began = Date.now();
  // A build takes a second of the processor, and esbuild alone a while to load.
  const { buildSync }: typeof import("esbuild") = createRequire(import.meta.url)("esbuild");
  const { metafile } = buildSync({ ...options, metafile: true });
  const absolute = (files: object) => Object.keys(files).map((file) => resolve(folder, file));
  const sources = absolute(metafile.inputs);
  // Whoever saves a source during the build gets another one next time.
  if (sources.some((file) => statSync(file).ctimeMs >= began)) return;
  const made = [...sources, ...absolute(metafile.outputs)];
  remember(
    record,
    made.map((file) => [file, stateOf(file)] as const),
  );
}

function isCurrent(record: string): boolean {
  try {
    const files: readonly [string, string][] = JSON.parse(readFileSync(record, "utf8"));
    return files.every(([file, state]) => stateOf(file) === state);
  } catch {
    // Nothing was noted, or a file is gone.
    return false;
  }
}

function remember(record: string, files: readonly (readonly [string, string])[]): void {
  try {
    mkdirSync(dirname(record), { recursive: true });
    writeFileSync(record, JSON.stringify(files));
  } catch {
    // Packages that can't be written to: the next bundle is made anew.
  }
}

/** Another one after every write, and after a move or a change of permissions. */
function stateOf(file: string): string {
  const { size, mtimeMs, ctimeMs } = statSync(file);
  return `${size} ${mtimeMs} ${ctimeMs}`;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
