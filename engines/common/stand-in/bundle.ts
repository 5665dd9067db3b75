import { join } from "node:path";

import { bundle } from "../../../proxy-image/bundle.ts";

const PROJECT = join(import.meta.dirname, "../../..");

/** The programs that the image of a stand-in takes in, by engine. */
const STAND_INS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  mongodb: {
    server: "mongodb/main.ts",
    health: "mongodb/health.ts",
    "step-down": "step-down.ts",
  },
  rethinkdb: {
    server: "rethinkdb/main.ts",
    health: "rethinkdb/health.ts",
  },
};

/** Bundles an engine's stand-in, if it has one here, into files below `dist/` in its image's folder. */
export function bundleStandIn(engine: string): void {
  const programs = STAND_INS[engine];
  if (programs === undefined) return;
  bundle({
    programs: Object.fromEntries(
      Object.entries(programs).map(([name, file]) => [name, join(import.meta.dirname, file)]),
    ),
    folder: PROJECT,
    outdir: join(PROJECT, "engines", engine, "node-image", "dist"),
  });
}
