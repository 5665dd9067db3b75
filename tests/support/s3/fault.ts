import type { ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

import type { Answer } from "./answer.ts";

/** What a test can switch on. `only`: for requests of that method alone. */
export type Fault = (
  | { readonly kind: "status"; readonly status: number; readonly code: string }
  /** Headers come `ms` milliseconds late. */
  | { readonly kind: "late"; readonly ms: number }
  /** The body comes in pieces of `bytes`, one each `ms` milliseconds. */
  | { readonly kind: "drip"; readonly bytes: number; readonly ms: number }
  /** The last `missing` bytes of the body are promised and don't come: the connection is cut. */
  | { readonly kind: "truncated"; readonly missing: number }
  /** Another ETag than the object's, or none. */
  | { readonly kind: "etag"; readonly etag: string | null }
  /** "Not modified", whatever was asked. */
  | { readonly kind: "not-modified"; readonly etag: string }
  /** The first byte of the body is another one; its length and the checksum in the headers stay. */
  | { readonly kind: "altered" }
  /** No Content-Length, the body in chunks. */
  | { readonly kind: "unmeasured" }
  /** No answer, ever. */
  | { readonly kind: "hanging" }
  /** The connection is cut instead of an answer. */
  | { readonly kind: "cut" }
  /** What was there before the object's last change. */
  | { readonly kind: "older" }
) & { readonly only?: "GET" | "HEAD" | "PUT" | "DELETE" };

const HAVE_NO_BODY = new Set([204, 304]);

/** Sends an answer, spoilt by a fault. */
export async function send(
  response: ServerResponse,
  { status, headers, body }: Answer,
  fault: Fault | null,
): Promise<void> {
  const whole = HAVE_NO_BODY.has(status)
    ? headers
    : { ...headers, "content-length": String(body.length) };
  switch (fault?.kind) {
    case "hanging":
      return;
    case "cut":
      response.destroy();
      return;
    case "late":
      await pause(fault.ms);
      response.writeHead(status, whole).end(body);
      return;
    case "drip":
      response.writeHead(status, whole);
      for (let at = 0; at < body.length && !response.destroyed; at += fault.bytes) {
        response.write(body.subarray(at, at + fault.bytes));
        await pause(fault.ms);
      }
      response.end();
      return;
    case "truncated":
      response.writeHead(status, whole);
      response.write(body.subarray(0, body.length - fault.missing), () => response.destroy());
      return;
    case "unmeasured":
      response.writeHead(status, headers);
      response.write(body);
      response.end();
      return;
    case "altered":
      response
        .writeHead(status, whole)
        .end(Buffer.concat([Buffer.from([(body[0] ?? 0) ^ 1]), body.subarray(1)]));
      return;
    default:
      response.writeHead(status, whole).end(body);
  }
}
