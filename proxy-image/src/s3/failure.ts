import type { Failed } from "./bucket.ts";

/** What AWS's client puts on its errors, and Node on those of sockets. */
interface ClientError extends Error {
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** A request that took longer than its total deadline. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
}

/** A body that is not what the headers promised. */
export class BodyError extends Error {
  override readonly name = "BodyError";
}

/**
 * Says what failed in words that stay the same while the failure does: no identifier of a request, no address, no time.
 * `deadline`: that of the request, in milliseconds.
 */
export function failureOf(thrown: unknown, deadline: number): Failed {
  const error = thrown as ClientError;
  const status = error.$metadata?.httpStatusCode;
  const failed = (why: string, throttled = false): Failed => ({ kind: "failed", why, throttled });
  if (error instanceof DeadlineError) return failed(`S3 gives no whole answer in ${deadline} ms`);
  if (error instanceof BodyError) return failed(error.message);
  if (/Credentials|Provider|Metadata/.test(error.name))
    return failed(`the instance metadata gives no credentials: ${error.message}`);
  if (status !== undefined && status >= 300)
    return failed(`S3 answers ${status} ${error.name}`, status === 503 || status === 429);
  return failed(`S3 can't be reached: ${error.code ?? error.message}`);
}
