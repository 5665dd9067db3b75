// Documents from an object in S3, and reports into another one.

import { LONGEST_DOCUMENT } from "../contract.ts";
import type { Applied } from "../report/applied.ts";
import type { Log } from "../report/log.ts";
import type { Fetched, Source } from "../source.ts";
import { digestOf, read } from "../source.ts";
import type { Bucket, S3Source } from "./bucket.ts";

/** A request of S3 may take so many milliseconds, from credentials to the last byte. */
const DEADLINE = 5000;

export interface S3 {
  readonly source: Source;
  /** To be called with every report: it never waits, never throws, and puts what says something new. */
  readonly report: (applied: Applied) => void;
}

/** Opens the bucket that a portal reads from and reports to. `clock`: milliseconds of a monotonic clock. */
export async function openS3(
  { bucket: name, region, key, reportKey, endpoint }: S3Source,
  clock: () => number,
  log: Log,
): Promise<S3> {
  const { openBucket } = await loadClient();
  const bucket = openBucket({
    bucket: name,
    region,
    deadline: DEADLINE,
    ...(endpoint !== undefined && { endpoint }),
  });
  return {
    source: s3Source({ bucket, key, clock }),
    report: s3Report({ bucket, key: reportKey, clock, log }),
  };
}

/** AWS's client is a bundle of its own, so that a portal that reads from a file has none of it in memory. */
function loadClient(): Promise<typeof import("./client.ts")> {
  const file = import.meta.url.endsWith(".ts") ? "./client.ts" : "./s3-client.mjs";
  return import(new URL(file, import.meta.url).href);
}

export interface S3SourceArgs {
  readonly bucket: Bucket;
  readonly key: string;
  /** Milliseconds of a monotonic clock. */
  readonly clock: () => number;
}

/**
 * An object of a bucket, asked for by its ETag, so that one that did not change costs an answer without a body. Each call
 * is one request at most; the next call is the retry. While S3 asks for fewer requests there are none, for up to 30 s.
 */
export function s3Source({ bucket, key, clock }: S3SourceArgs): Source {
  const backOff = createBackOff(clock);
  let etag: string | undefined;
  let digest: string | undefined;
  let why = "";

  const ask = async (): Promise<Fetched> => {
    const got = await bucket.get(key, etag, LONGEST_DOCUMENT);
    if (got.kind === "failed") {
      // Whatever S3 meant, the next answer has to stand on its own.
      etag = undefined;
      why = got.why;
      if (got.throttled) backOff.more();
      return { kind: "failed", why };
    }
    backOff.reset();
    if (got.kind === "same") return { kind: "same" };
    etag = got.etag;
    const before = digest;
    digest = got.kind === "object" ? digestOf(got.text) : undefined;
    if (got.kind === "too-long")
      return { kind: "refused", why: `is over ${LONGEST_DOCUMENT} bytes long`, digest: null };
    return digest === before ? { kind: "same" } : read(got.text);
  };

  return {
    fetch: async () => (backOff.isQuiet() ? { kind: "failed", why } : ask()),
  };
}

export interface S3ReportArgs {
  readonly bucket: Pick<Bucket, "put">;
  readonly key: string;
  /** Milliseconds of a monotonic clock. */
  readonly clock: () => number;
  readonly log: Pick<Log, "info" | "error">;
}

/** A report that says nothing new is written this often, in milliseconds, so that a reader sees a living portal. */
const BEAT = 30_000;
/** At least this many milliseconds lie between two reports, whatever happens: each is a version in the bucket. */
const GAP = 1000;

/**
 * Gives back what is to be called with every report, as often as one likes: it puts into the bucket what says something
 * new. It never waits and never throws; what failed is logged once for each reason, and tried again at later calls.
 */
export function s3Report({ bucket, key, clock, log }: S3ReportArgs): (applied: Applied) => void {
  const backOff = createBackOff(clock);
  let sent = "";
  let last = Number.NEGATIVE_INFINITY;
  let busy = false;
  let failing: string | undefined;

  const put = async (applied: Applied, news: string): Promise<void> => {
    const done = await bucket.put(key, `${JSON.stringify(applied, null, 2)}\n`);
    if (done.kind === "failed") {
      backOff.more();
      if (done.why !== failing)
        log.error({ alarm: true }, `The report can't be put into the bucket: ${done.why}`);
      failing = done.why;
      return;
    }
    backOff.reset();
    if (failing !== undefined) log.info("Reports go into the bucket again");
    failing = undefined;
    sent = news;
    last = clock();
  };

  return (applied) => {
    const news = JSON.stringify({ ...applied, at: 0 });
    const pause = clock() - last;
    if (busy || backOff.isQuiet() || pause < (news === sent ? BEAT : GAP)) return;
    busy = true;
    void put(applied, news).finally(() => {
      busy = false;
    });
  };
}

export interface BackOff {
  /** True while nothing is to be asked. */
  isQuiet(): boolean;
  /** Doubles the pause: 2, 4, 8, 16, then 30 seconds. */
  more(): void;
  reset(): void;
}

const FIRST = 2000;
const LONGEST = 30_000;

/** Pauses between requests that get longer. `clock`: milliseconds of a monotonic clock. */
function createBackOff(clock: () => number): BackOff {
  let pause = 0;
  let quietUntil = Number.NEGATIVE_INFINITY;
  return {
    isQuiet: () => clock() < quietUntil,
    more: () => {
      pause = Math.min(Math.max(pause * 2, FIRST), LONGEST);
      quietUntil = clock() + pause;
    },
    reset: () => {
      pause = 0;
      quietUntil = Number.NEGATIVE_INFINITY;
    },
  };
}
