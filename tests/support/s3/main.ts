import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { argv } from "node:process";

import { createFolderObjects } from "./objects.ts";
import { startStandIn } from "./server.ts";

/**
 * The stand-in as a process: `node tests/support/s3/main.ts <port> <folder>`. Objects are the files
 * `<folder>/<bucket>/<key>`, both ways. The file `<folder>/fault.json`, when there is one, is the fault that is on. The
 * instance metadata is below `/latest/`; besides its credentials, the key AKIASTANDIN with the secret `stand-in` is good.
 */
const [port = "9000", folder = "."] = argv.slice(2);
const standIn = await startStandIn({
  host: "0.0.0.0",
  port: Number(port),
  objects: createFolderObjects(folder),
  credentials: [{ accessKeyId: "AKIASTANDIN", secretAccessKey: "stand-in" }],
});

const fault = join(folder, "fault.json");
let seen = 0;
setInterval(() => {
  const changed = statSync(fault, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (changed === seen) return;
  try {
    standIn.fault = changed === 0 ? null : JSON.parse(readFileSync(fault, "utf8"));
    seen = changed;
  } catch {
    // Half of it is written: the next look finds it whole.
  }
}, 100);
console.log(`S3 stand-in and instance metadata on port ${standIn.port}, objects in ${folder}`);
