import { z } from "zod";

/** What a request of the bucket could not bring. `throttled`: S3 asks for fewer requests. */
export interface Failed {
  readonly kind: "failed";
  /** A clause with its subject: "S3 answers 403 AccessDenied". The same failure has the same text each time. */
  readonly why: string;
  readonly throttled: boolean;
}

export type Got =
  /** The object still has the ETag that was asked about. */
  | { readonly kind: "same" }
  | { readonly kind: "object"; readonly text: string; readonly etag: string | undefined }
  | { readonly kind: "too-long"; readonly etag: string | undefined }
  | Failed;

export type Put = { readonly kind: "put" } | Failed;

/** A bucket, as far as a portal needs it. Each call is one request with a total deadline, and never rejects. */
export interface Bucket {
  /** Gets an object, unless it has the ETag `known`. Reads at most `longest` bytes. */
  get(key: string, known: string | undefined, longest: number): Promise<Got>;
  put(key: string, text: string): Promise<Put>;
}

/** Where in S3 a portal's document is, as `portal.json` says it. */
export const S3Source = z.strictObject({
  kind: z.literal("s3"),
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "must be the name of a bucket"),
  region: z.string().regex(/^[a-z0-9-]+$/, "must be a region such as eu-central-1"),
  /** The document's key. */
  key: z.string().min(1),
  /** The key below which the portal says what it has applied. */
  reportKey: z.string().min(1),
  /** Another address than AWS's own, asked in path style: `http://10.0.0.9:9000`. */
  endpoint: z.url().optional(),
});

export type S3Source = z.infer<typeof S3Source>;
