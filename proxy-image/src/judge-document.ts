import { parentPort, workerData } from "node:worker_threads";

import { parseDocument } from "./contract.ts";

// A thread of its own, for long documents: see source.ts.
const parsed = parseDocument(String(workerData));
parentPort?.postMessage(parsed.kind === "refused" ? parsed.why : undefined);
