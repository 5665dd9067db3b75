import type { Readable } from "node:stream";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { fromInstanceMetadata } from "@aws-sdk/credential-providers";

import type { Bucket, Failed, Got } from "./bucket.ts";

export interface BucketArgs {
  readonly bucket: string;
  readonly region: string;
  /** Another address than AWS's own, asked in path style. */
  readonly endpoint?: string;
  /** Longest time, in milliseconds, that a request may take, credentials and body included. */
  readonly deadline: number;
}

/** A bucket, by AWS's own client. Loaded only where a portal reads from S3, since it takes memory. */
export function openBucket(args: BucketArgs): Bucket {
  const { bucket, deadline } = args;
  let client = connect(args);

  const fail = (error: unknown): Failed => {
    // A client goes on for minutes with credentials that were old when it got them, even when new ones can be had.
    if (OLD_CREDENTIALS.test((error as Error).name)) {
      client.destroy();
      client = connect(args);
    }
    return failureOf(error, deadline);
  };

  const get = async (
    key: string,
    known: string | undefined,
    longest: number,
    signal: AbortSignal,
  ): Promise<Got> => {
    const command = new GetObjectCommand({ Bucket: bucket, Key: key, IfNoneMatch: known });
    const answer = await client.send(command, { abortSignal: signal });
    const { ETag: etag, ContentLength: length } = answer;
    const body = answer.Body as Readable;
    if (length !== undefined && length > longest) {
      body.destroy();
      return { kind: "too-long", etag };
    }
    const bytes = await readAll(body, longest, signal);
    if (bytes === undefined) return { kind: "too-long", etag };
    if (length !== undefined && bytes.length !== length)
      throw new BodyError("S3's answer isn't as long as it says");
    return { kind: "object", text: bytes.toString("utf8"), etag };
  };

  return {
    get: (key, known, longest) =>
      within(deadline, (signal) => get(key, known, longest, signal)).catch((error: unknown) =>
        isUnchanged(error, known) ? { kind: "same" } : fail(error),
      ),
    put: (key, text) =>
      within(deadline, async (signal) => {
        const command = new PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: text,
          ContentType: "application/json",
        });
        await client.send(command, { abortSignal: signal });
        return { kind: "put" } as const;
      }).catch(fail),
  };
}

const OLD_CREDENTIALS = /^(ExpiredToken|InvalidToken|InvalidAccessKeyId)$/;

function connect({ region, endpoint }: BucketArgs): S3Client {
  return new S3Client({
    region,
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    credentials: roleCredentials(),
    // The agent's next look is the retry.
    maxAttempts: 1,
  });
}

/** True for the answer 304 to a question about `known`. The client gives it as an error. */
function isUnchanged(thrown: unknown, known: string | undefined): boolean {
  const { $metadata, $response } = thrown as {
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
  };
  if ($metadata?.httpStatusCode !== 304 || known === undefined) return false;
  return ($response?.headers?.etag ?? known) === known;
}

/** Reads a body to its end, where the client compares checksums. Undefined: it is longer than `longest` bytes. */
async function readAll(
  body: Readable,
  longest: number,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  signal.addEventListener("abort", () => body.destroy(), { once: true });
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > longest) return undefined;
      chunks.push(chunk);
    }
  } catch (error) {
    const isAltered = (error as Error).message.startsWith("Checksum mismatch");
    throw new BodyError(isAltered ? "S3's answer has another checksum" : "S3's answer breaks off");
  }
  return Buffer.concat(chunks);
}

/** Tries once more where S3 may just have closed a connection that was kept: that is no failure. */
function again<T>(work: () => Promise<T>): Promise<T> {
  return work().catch((error: { readonly code?: string }) => {
    if (error.code === "ECONNRESET" || error.code === "EPIPE") return work();
    throw error;
  });
}

/** Ends what takes too long, even what doesn't heed its signal: the client asks for credentials without one. */
async function within<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new DeadlineError());
      controller.abort();
    }, ms);
  });
  try {
    return await Promise.race([again(() => work(controller.signal)), late]);
  } finally {
    clearTimeout(timer);
  }
}

type Provider = ReturnType<typeof fromInstanceMetadata>;

const quiet = (): void => {};

/**
 * Credentials of the machine's role, from the instance metadata and nowhere else. The client asks for new ones five minutes
 * before the old ones end: until then the old ones are good, should the metadata be silent.
 */
function roleCredentials(): Provider {
  const ask = fromInstanceMetadata({
    timeout: 1000,
    maxRetries: 0,
    // What it would print is in its errors, or in S3's answers.
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
  let last: Awaited<ReturnType<Provider>> | undefined;
  return async (properties) => {
    try {
      last = await ask(properties);
    } catch (error) {
      if (!last || (last.expiration?.getTime() ?? 0) <= Date.now()) throw error;
    }
    return last;
  };
}

/** What AWS's client puts on its errors, and Node on those of sockets. */
interface ClientError extends Error {
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** A request that took longer than its total deadline. */
class DeadlineError extends Error {
  override readonly name = "DeadlineError";
}

/** A body that is not what the headers promised. */
class BodyError extends Error {
  override readonly name = "BodyError";
}

/**
 * Describes a failure by a text that stays the same while the failure does: no identifier of a request, no address, no time.
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
