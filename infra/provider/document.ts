import { createHash } from "node:crypto";

import type { Verdict } from "./applied.ts";
import { awaitVerdict, lastReport } from "./applied.ts";
import { file } from "./file.ts";
import type { Kind, Props } from "./kind.ts";
import { textOf } from "./secret.ts";

const SILENT_MS = 5_000;

/**
 * A file that portals watch: written is not enough, it has been updated when every portal that lives has applied it.
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
      failOn(await awaitVerdicts(portals, props, stop), props);
      return created;
    },
    update: async (olds, news) => {
      const portals = await findPortals(news);
      await file.update(olds, news);
      const verdicts = await awaitVerdicts(portals, news, stop);
      for (const { name, verdict } of verdicts)
        if (verdict.kind === "silent")
          warn(`${name} is not running or frozen; it will apply the document when it runs`);
      failOn(verdicts, news);
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

type Verdicts = readonly { readonly name: string; readonly verdict: Verdict }[];

function findPortals({ reports }: Props): Promise<readonly Portal[]> {
  return Promise.all(
    Object.entries(reports as Readonly<Record<string, string>>).map(async ([name, report]) => ({
      ...{ name, report },
      last: await lastReport(report),
    })),
  );
}

function awaitVerdicts(
  portals: readonly Portal[],
  { content, timeout }: Props,
  stop: AbortSignal,
): Promise<Verdicts> {
  const digest = createHash("sha256").update(textOf(content)).digest("hex");
  const patience = { silentMs: SILENT_MS, totalMs: Number(timeout) * 1000, stop };
  return Promise.all(
    portals.map(async ({ name, report, last }) => ({
      name,
      verdict: await awaitVerdict(report, digest, last, patience),
    })),
  );
}

function failOn(verdicts: Verdicts, props: Props): void {
  const failures = verdicts.flatMap(failure);
  // The engine then remembers what was written, and that it is not in force.
  if (failures.length > 0) throw new InitError(String(props.path), props, failures);
}

function failure({ name, verdict }: Verdicts[number]): readonly string[] {
  if (verdict.kind === "refused")
    return [`${name} refused the document and keeps the last good one: ${verdict.why}`];
  if (verdict.kind === "late")
    return [`${name} runs, but did not apply the document in ${verdict.after / 1000} s`];
  return [];
}

/** The shape that Pulumi's provider server takes for "it is there, but not right". */
class InitError extends Error {
  readonly id: string;
  readonly properties: Props;
  readonly reasons: readonly string[];

  constructor(id: string, properties: Props, reasons: readonly string[]) {
    super(reasons.join("; "));
    this.id = id;
    this.properties = properties;
    this.reasons = reasons;
  }
}
