// A document in the bucket as a resource that waits for the portals' reports there.
import type { Readable } from "node:stream";
import { addAbortSignal } from "node:stream";
import { text } from "node:stream/consumers";

import type { S3Client } from "@aws-sdk/client-s3";

import type { Report, Verdict } from "./applied.ts";
import { awaitVerdict, failOn, LONGEST_REPORT, parseReport } from "./applied.ts";
import type { Kind, Props } from "./kind.ts";

/** Portals report every 30 s: one that has missed three is not there. */
const SILENT_MS = 90_000;
const EVERY_MS = 1_000;

/**
 * A document in a bucket, and whether the portals have it in force: an update is done when every portal that lives has reported it. Its properties
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
  // Its last report came a moment ago.
  return verdict.kind === "silent" ? { kind: "late", after: totalMs } : verdict;
}

function asked({ bucket, region, digest, reports }: Props): Props {
  return { bucket, region, digest, reports };
}

export type Found =
  | {
      readonly kind: "report";
      readonly report: Report;
      /** Since it was written, by S3's own clock alone. */
      readonly ageMs: number;
    }
  | { readonly kind: "none" }
  | { readonly kind: "failed"; readonly why: string };

export interface Reports {
  /** A portal's last report, read by one request of at most 10 s. */
  read(key: string): Promise<Found>;
  close(): void;
}

const REQUEST_MS = 10_000;

/** Reports in a bucket, with the credentials of whoever runs the CLI: those of the environment, a profile, a role. */
export async function reportsInS3(bucket: string, region: string): Promise<Reports> {
  // A stack on this machine never needs it.
  const { GetObjectCommand, S3Client } = await import("@aws-sdk/client-s3");
  const client = new S3Client({ region, maxAttempts: 2 });
  const clock = dateOf(client);
  return {
    close: () => client.destroy(),
    read: async (key) => {
      try {
        const abortSignal = AbortSignal.timeout(REQUEST_MS);
        const wanted = new GetObjectCommand({ Bucket: bucket, Key: key });
        const answer = await client.send(wanted, { abortSignal });
        // The client's own deadline ends with the headers.
        const body = addAbortSignal(abortSignal, answer.Body as Readable);
        if ((answer.ContentLength ?? 0) > LONGEST_REPORT) {
          body.destroy();
          return { kind: "failed", why: `${key} is over ${LONGEST_REPORT} bytes` };
        }
        const report = parseReport(await text(body));
        if (report === undefined) return { kind: "failed", why: `${key} is no report` };
        const written = answer.LastModified?.getTime() ?? 0;
        return { kind: "report", report, ageMs: clock() - written };
      } catch (error) {
        const { name, message } = error as Error;
        if (name === "NoSuchKey") return { kind: "none" };
        return { kind: "failed", why: `${name}: ${message || "no answer"}` };
      }
    },
  };
}

/** The time of S3's last answer, as S3 wrote it there. */
function dateOf(client: S3Client): () => number {
  let last = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { headers } = result.response as { headers?: Readonly<Record<string, string>> };
      last = Date.parse(headers?.date ?? "") || Date.now();
      return result;
    },
    { step: "deserialize", priority: "low" },
  );
  return () => last;
}
