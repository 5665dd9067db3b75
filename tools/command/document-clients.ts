// `npm run docs:clients`: writes docs/clients.md anew.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { clientsDocument } from "../clients/document.ts";
import { PROJECT } from "../setup/paths.ts";

await writeFile(join(PROJECT, "docs/clients.md"), clientsDocument());
