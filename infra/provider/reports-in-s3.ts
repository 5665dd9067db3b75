import { addAbortSignal, type Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { S3Client } from "@aws-sdk/client-s3";

import type { Report } from "./applied.ts";
import { LONGEST_REPORT, parseReport } from "./applied.ts";

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
  /** What a portal said last, in one request of at most 10 s. */
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
