import { constants } from "node:fs";
import { open } from "node:fs/promises";

import type { Report } from "./applied.ts";
import { LONGEST_REPORT, parseReport } from "./applied.ts";

/** Neither a link nor a pipe in the report's place leads anywhere, or makes the reader wait. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** A portal's report, from a folder that its container writes to. Undefined: there is none, or what is there is no report. */
export async function readReport(path: string): Promise<Report | undefined> {
  const file = await open(path, FLAGS).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const found = await file.stat();
    if (!found.isFile() || found.size > LONGEST_REPORT) return undefined;
    // It may grow meanwhile: what is beyond makes it no report.
    const { bytesRead, buffer } = await file.read(Buffer.alloc(LONGEST_REPORT), 0);
    return parseReport(buffer.toString("utf8", 0, bytesRead));
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}
