import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { serviceArchive } from "../model/aws/service-archive.ts";

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
