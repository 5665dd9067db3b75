import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

export interface Credential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** What temporary credentials come with. */
  readonly sessionToken?: string;
  /** Wall-clock milliseconds. */
  readonly expires?: number;
}

export interface SignedRequest {
  readonly method: string;
  /** As it came in: path and query, percent-encoded. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export type Signed =
  | { readonly kind: "signed"; readonly accessKeyId: string }
  | { readonly kind: "unsigned"; readonly status: number; readonly code: string };

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;

/**
 * Checks a request's signature as S3 does, with S3's words for what is wrong with it: "Signature Calculations for the
 * Authorization Header" in the Amazon S3 API Reference.
 */
export function checkSignature(
  request: SignedRequest,
  credentialOf: (accessKeyId: string) => Credential | undefined,
  now: number,
): Signed {
  const unsigned = (status: number, code: string): Signed => ({ kind: "unsigned", status, code });
  const { headers, body } = request;
  const parts = AUTHORIZATION.exec(headers.authorization ?? "");
  if (!parts) return unsigned(403, "AccessDenied");
  const [, accessKeyId = "", day = "", region = "", names = "", signature = ""] = parts;
  const credential = credentialOf(accessKeyId);
  if (!credential) return unsigned(403, "InvalidAccessKeyId");
  if (credential.expires !== undefined && credential.expires <= now)
    return unsigned(400, "ExpiredToken");
  if (headers["x-amz-security-token"] !== credential.sessionToken)
    return unsigned(400, "InvalidToken");
  const date = text(headers["x-amz-date"]);
  if (Math.abs(timeOf(date) - now) > 15 * 60_000 || !date.startsWith(day))
    return unsigned(403, "RequestTimeTooSkewed");
  const content = text(headers["x-amz-content-sha256"]);
  if (/^[0-9a-f]{64}$/.test(content) && content !== sha256(body))
    return unsigned(400, "XAmzContentSHA256Mismatch");
  const scope = `${day}/${region}/s3/aws4_request`;
  const canonical = canonicalRequest(request, names.split(";"), content);
  const toSign = ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n");
  const key = ["s3", "aws4_request"].reduce<Buffer>(
    hmac,
    hmac(hmac(Buffer.from(`AWS4${credential.secretAccessKey}`), day), region),
  );
  return timingSafeEqual(hmac(key, toSign), Buffer.from(signature, "hex"))
    ? { kind: "signed", accessKeyId }
    : unsigned(403, "SignatureDoesNotMatch");
}

function canonicalRequest(
  { method, target, headers }: SignedRequest,
  names: readonly string[],
  content: string,
): string {
  const [path = "/", query = ""] = target.split("?", 2);
  const pairs = query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => (pair.includes("=") ? pair : `${pair}=`));
  const lines = names.map((name) => `${name}:${text(headers[name]).trim().replace(/ +/g, " ")}\n`);
  return [method, path, pairs.sort().join("&"), lines.join(""), names.join(";"), content].join(
    "\n",
  );
}

/** `20261123T231400Z` in milliseconds. */
function timeOf(date: string): number {
  return Date.parse(date.replace(/^(....)(..)(..T..)(..)(..Z)$/, "$1-$2-$3:$4:$5"));
}

function text(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join(",") : (value ?? "");
}

function sha256(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: Buffer, data: string): Buffer {
  return createHmac("sha256", key).update(data).digest();
}
