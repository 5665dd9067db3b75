// The service that machines on AWS run (`machine/`), as one file that Python runs.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { strToU8, zipSync } from "fflate";

const FOLDER = join(import.meta.dirname, "../../machine");
const PACKAGE = "portico_machine";

/** What machines are started with: the template of their user data, and the content of the bucket's `machine/portico-machine`. */
export function machineService(): { readonly template: string; readonly archive: Buffer } {
  const modules = readdirSync(join(FOLDER, PACKAGE))
    .filter((file) => file.endsWith(".py"))
    .map((file) => `${PACKAGE}/${file}`);
  return {
    template: read("user-data.sh"),
    archive: serviceArchive(
      Object.fromEntries(["__main__.py", ...modules].map((path) => [path, read(path)])),
    ),
  };
}

function read(path: string): string {
  return readFileSync(join(FOLDER, path), "utf8");
}

/** The zip format's first day: it has a date for each file, as clocks of the time zone show it. */
const FIRST_DAY = new Date(1980, 0, 1);

/**
 * The machine's service as one file that Python runs: a zip of its modules, stored as they are. The same modules always give the same
 * bytes, so that the bucket's object changes with them alone. Keys are paths in the archive.
 */
export function serviceArchive(modules: Readonly<Record<string, string>>): Buffer {
  const files = Object.entries(modules)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, text]) => [path, strToU8(text)] as const);
  return Buffer.from(zipSync(Object.fromEntries(files), { level: 0, mtime: FIRST_DAY }));
}
