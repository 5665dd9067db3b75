// `npm run docs:clients`: takes what the last `npm run test:clients` has seen, and writes docs/clients.md anew.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { engines } from "../../engines/table.ts";
import { asSeen, type Result, type Seen } from "../clients/document.ts";
import { PROJECT } from "../setup/paths.ts";
import { print } from "../setup/step.ts";

const SEEN = join(PROJECT, "tools/clients/seen.json");

const seen: Record<string, Record<string, Seen>> = JSON.parse(await readFile(SEEN, "utf8"));
for (const engine of engines) {
  const file = join(PROJECT, "bench/results", `clients-${engine}.json`);
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) continue;
  const results: readonly Result[] = JSON.parse(text);
  if (results.every(({ kill }) => kill === undefined)) {
    print(`${file} is of a run that ended before the kill: the results of an earlier one stay.`);
    continue;
  }
  for (const result of results) {
    const known = seen[engine]?.[result.client];
    if (known === undefined) print(`${SEEN} has no version of ${engine}'s ${result.client}.`);
    else (seen[engine] ?? {})[result.client] = asSeen(result, known.version);
  }
}
await writeFile(SEEN, `${JSON.stringify(seen, undefined, 2)}\n`);

// Imported here, because it reads that file.
const { clientsDocument } = await import("../clients/document.ts");
await writeFile(join(PROJECT, "docs/clients.md"), clientsDocument());
