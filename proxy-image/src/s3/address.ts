import { z } from "zod";

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
