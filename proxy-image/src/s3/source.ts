import { LONGEST_DOCUMENT } from "../contract.ts";
import type { Fetched, Source } from "../source.ts";
import { digestOf, read } from "../source.ts";
import { createBackOff } from "./back-off.ts";
import type { Bucket } from "./bucket.ts";

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
