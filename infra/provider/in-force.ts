import type { Verdict } from "./applied.ts";
import { awaitVerdict } from "./applied.ts";
import type { Kind, Props } from "./kind.ts";
import type { Reports } from "./reports-in-s3.ts";
import { failOn } from "./verdicts.ts";

/** Portals report every 30 s: one that has missed three is not there. */
const SILENT_MS = 90_000;
const EVERY_MS = 1_000;

/**
 * A document in a bucket, as far as it is in force: an update is done when every portal that lives has reported it. Its properties
 * are `bucket`, `region`, `digest` (of the document), `reports` (the key of each portal's report, by the portal's name) and
 * `timeout` (seconds). It waits for nobody when it is made: the machines are only just starting then.
 */
export function makeInForce(
  open: (bucket: string, region: string) => Promise<Reports>,
  warn: (message: string) => void,
  stop: AbortSignal,
): Kind {
  return {
    diff: (olds, news) => ({
      changes: JSON.stringify(asked(olds)) !== JSON.stringify(asked(news)),
      replaces: [],
    }),
    create: async (props) => ({ id: String(props.bucket), outs: props }),
    read: async (_id, props) => props,
    update: async (_olds, news) => {
      const reports = await open(String(news.bucket), String(news.region));
      try {
        await inForce(news, reports, warn, stop);
      } finally {
        reports.close();
      }
      return news;
    },
    delete: async () => {},
  };
}

async function inForce(
  props: Props,
  reports: Reports,
  warn: (message: string) => void,
  stop: AbortSignal,
): Promise<void> {
  const portals = Object.entries(props.reports as Readonly<Record<string, string>>);
  const verdicts = await Promise.all(
    portals.map(async ([name, key]) => ({
      name,
      verdict: await verdictOf({ name, key, reports, props, warn, stop }),
    })),
  );
  failOn(verdicts, String(props.bucket), props);
}

interface Asked {
  readonly name: string;
  readonly key: string;
  readonly reports: Reports;
  readonly props: Props;
  readonly warn: (message: string) => void;
  readonly stop: AbortSignal;
}

async function verdictOf({ name, key, reports, props, warn, stop }: Asked): Promise<Verdict> {
  const silent = (why: string): Verdict => {
    warn(`${name} ${why}`);
    return { kind: "silent" };
  };
  const first = await reports.read(key);
  if (first.kind === "failed")
    return silent(`can't be asked whether the document is in force there: ${first.why}`);
  if (first.kind === "none")
    return silent("has never reported: it is still starting, and begins with the new document");
  if (first.ageMs > SILENT_MS)
    return silent(
      `has not reported for ${Math.round(first.ageMs / 1000)} s; it will apply the document when it runs`,
    );
  const read = async () => {
    const found = await reports.read(key);
    return found.kind === "report" ? found.report : undefined;
  };
  const totalMs = Number(props.timeout) * 1000;
  const patience = { silentMs: totalMs, totalMs, everyMs: EVERY_MS, stop };
  const verdict = await awaitVerdict(read, String(props.digest), undefined, patience);
  // It lived a moment ago.
  return verdict.kind === "silent" ? { kind: "late", after: totalMs } : verdict;
}

function asked({ bucket, region, digest, reports }: Props): Props {
  return { bucket, region, digest, reports };
}
