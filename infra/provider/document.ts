// A document on this machine as a resource that waits for the portals' reports, which are files too.
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";

import type { Report, Verdicts } from "./applied.ts";
import { awaitVerdict, failOn, LONGEST_REPORT, parseReport } from "./applied.ts";
import { file } from "./files.ts";
import type { Kind, Props } from "./kind.ts";
import { textOf } from "./kind.ts";

const SILENT_MS = 5_000;

/**
 * A file that portals watch. To write it is not enough: it counts as updated when every portal that lives has applied it.
 * Besides those of a file its properties are `reports` (the path of each portal's report, by the portal's name) and
 * `timeout` (seconds).
 */
export function makeDocument(warn: (message: string) => void, stop: AbortSignal): Kind {
  return {
    ...file,
    // At first no portal has ever reported. One that has is there, or the document would not have been lost alone.
    create: async (props) => {
      const portals = (await findPortals(props)).filter(({ last }) => last !== undefined);
      const created = await file.create(props);
      failOn(await awaitVerdicts(portals, props, stop), String(props.path), props);
      return created;
    },
    update: async (olds, news) => {
      const portals = await findPortals(news);
      await file.update(olds, news);
      const verdicts = await awaitVerdicts(portals, news, stop);
      for (const { name, verdict } of verdicts)
        if (verdict.kind === "silent")
          warn(`${name} is not running or frozen; it will apply the document when it runs`);
      failOn(verdicts, String(news.path), news);
      return news;
    },
  };
}

interface Portal {
  readonly name: string;
  readonly report: string;
  /** When it reported last, before the document was written. */
  readonly last: number | undefined;
}

function findPortals({ reports }: Props): Promise<readonly Portal[]> {
  return Promise.all(
    Object.entries(reports as Readonly<Record<string, string>>).map(async ([name, report]) => ({
      ...{ name, report },
      last: (await readReport(report))?.at,
    })),
  );
}

function awaitVerdicts(
  portals: readonly Portal[],
  { content, timeout }: Props,
  stop: AbortSignal,
): Promise<Verdicts> {
  const digest = createHash("sha256").update(textOf(content)).digest("hex");
  const patience = { silentMs: SILENT_MS, totalMs: Number(timeout) * 1000, everyMs: 50, stop };
  return Promise.all(
    portals.map(async ({ name, report, last }) => ({
      name,
      verdict: await awaitVerdict(() => readReport(report), digest, last, patience),
    })),
  );
}

/** Neither a link nor a pipe in the report's place leads anywhere, or makes the reader wait. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** A portal's report, from a folder that its container writes to. Undefined: there is none, or what is there is no report. */
async function readReport(path: string): Promise<Report | undefined> {
  const file = await open(path, FLAGS).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const found = await file.stat();
    if (!found.isFile() || found.size > LONGEST_REPORT) return undefined;
    // It may grow meanwhile. One that is too long is no report.
    const { bytesRead, buffer } = await file.read(Buffer.alloc(LONGEST_REPORT), 0);
    return parseReport(buffer.toString("utf8", 0, bytesRead));
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}
