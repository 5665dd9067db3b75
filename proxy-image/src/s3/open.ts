import type { Applied } from "../report/applied.ts";
import type { Log } from "../report/log.ts";
import type { Source } from "../source.ts";
import type { S3Source } from "./address.ts";
import { s3Report } from "./report.ts";
import { s3Source } from "./source.ts";

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
