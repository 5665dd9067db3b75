import type { Applied } from "../report/applied.ts";
import type { Log } from "../report/log.ts";
import { createBackOff } from "./back-off.ts";
import type { Bucket } from "./bucket.ts";

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
 * new. It never waits and never throws; what failed is told once for each reason, and tried again at later calls.
 */
export function s3Report({ bucket, key, clock, log }: S3ReportArgs): (applied: Applied) => void {
  const backOff = createBackOff(clock);
  let told = "";
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
    told = news;
    last = clock();
  };

  return (applied) => {
    const news = JSON.stringify({ ...applied, at: 0 });
    const pause = clock() - last;
    if (busy || backOff.isQuiet() || pause < (news === told ? BEAT : GAP)) return;
    busy = true;
    void put(applied, news).finally(() => {
      busy = false;
    });
  };
}
