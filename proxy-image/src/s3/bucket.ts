/** What a request of the bucket could not bring. `throttled`: S3 asks for fewer requests. */
export interface Failed {
  readonly kind: "failed";
  /** A clause with its subject: "S3 answers 403 AccessDenied". The same failure has the same words each time. */
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
