import type { StoredObject } from "./objects.ts";

/** What goes back over the wire. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const MESSAGES: Readonly<Record<string, string>> = {
  AccessDenied: "Access Denied",
  ExpiredToken: "The provided token has expired.",
  InternalError: "We encountered an internal error. Please try again.",
  InvalidAccessKeyId: "The AWS Access Key Id you provided does not exist in our records.",
  NoSuchKey: "The specified key does not exist.",
  NotImplemented: "A header you provided implies functionality that is not implemented.",
  PreconditionFailed: "At least one of the pre-conditions you specified did not hold",
  SlowDown: "Please reduce your request rate.",
};

/** An error in the words and the shape of "Error responses" in the Amazon S3 API Reference. */
export function errorAnswer(status: number, code: string, resource: string): Answer {
  return xmlAnswer(
    status,
    `<Error><Code>${code}</Code><Message>${MESSAGES[code] ?? code}</Message>` +
      `<Resource>${escaped(resource)}</Resource><RequestId>STANDIN</RequestId></Error>`,
  );
}

/** A page of ListObjectsV2: the keys after `after` that begin with `prefix`, at most `most` of them. */
export function listAnswer(
  bucket: string,
  keys: readonly string[],
  objectOf: (key: string) => StoredObject | undefined,
  query: URLSearchParams,
): Answer {
  const prefix = query.get("prefix") ?? "";
  const most = Number(query.get("max-keys") ?? 1000);
  const token = query.get("continuation-token");
  const after = token === null ? (query.get("start-after") ?? "") : fromToken(token);
  const rest = keys.filter((key) => key.startsWith(prefix) && key > after);
  const page = rest.slice(0, most);
  const last = page.at(-1);
  const next = rest.length > page.length && last !== undefined;
  const contents = page.map((key) => {
    const { body, etag, modified } = objectOf(key) as StoredObject;
    return (
      `<Contents><Key>${escaped(key)}</Key><LastModified>${modified.toISOString()}</LastModified>` +
      `<ETag>${escaped(etag)}</ETag><Size>${body.length}</Size><StorageClass>STANDARD</StorageClass></Contents>`
    );
  });
  return xmlAnswer(
    200,
    `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${bucket}</Name>` +
      `<Prefix>${escaped(prefix)}</Prefix><KeyCount>${page.length}</KeyCount><MaxKeys>${most}</MaxKeys>` +
      `<IsTruncated>${next}</IsTruncated>` +
      (next ? `<NextContinuationToken>${toToken(last)}</NextContinuationToken>` : "") +
      `${contents.join("")}</ListBucketResult>`,
  );
}

function xmlAnswer(status: number, xml: string): Answer {
  const body = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`);
  return { status, headers: { "content-type": "application/xml" }, body };
}

const toToken = (key: string) => Buffer.from(key).toString("base64url");
const fromToken = (token: string) => Buffer.from(token, "base64url").toString();

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
