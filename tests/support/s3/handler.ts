import { isIP } from "node:net";

import type { Answer } from "./answer.ts";
import { errorAnswer, listAnswer } from "./answer.ts";
import type { Fault } from "./fault.ts";
import type { Objects } from "./objects.ts";
import type { Credential, SignedRequest } from "./signature.ts";
import { checkSignature } from "./signature.ts";

export type Action = "GetObject" | "PutObject" | "DeleteObject" | "ListBucket";

export interface HandlerArgs {
  readonly objects: Objects;
  readonly credentialOf: (accessKeyId: string) => Credential | undefined;
  /** What a bucket policy would say. A key is hidden with 403 from who may not list the bucket, as S3 does it. */
  readonly allows: (accessKeyId: string, action: Action, bucket: string, key: string) => boolean;
}

export interface ObjectLocation {
  readonly bucket: string;
  readonly key: string;
}

/** A request that is signed by somebody who may make it. */
interface Asked extends ObjectLocation {
  readonly request: SignedRequest;
  readonly objects: Objects;
  readonly fault: Fault | null;
  readonly mayList: boolean;
  readonly refuse: (status: number, code: string) => Answer;
}

/** Answers a request as S3 would: path style and virtual-host style, signature checked first. */
export function answer(
  { objects, credentialOf, allows }: HandlerArgs,
  request: SignedRequest,
  fault: Fault | null,
): Answer {
  const { bucket, key } = locationOf(request);
  const refuse = (status: number, code: string) => errorAnswer(status, code, `/${bucket}/${key}`);
  const signed = checkSignature(request, credentialOf, Date.now());
  if (signed.kind === "unsigned") return refuse(signed.status, signed.code);
  if (fault?.kind === "status") return refuse(fault.status, fault.code);
  if (fault?.kind === "not-modified") return bare(304, { etag: fault.etag });
  const action = ACTIONS[request.method === "GET" && key === "" ? "LIST" : request.method];
  if (!action) return refuse(405, "MethodNotAllowed");
  const may = (name: Action) => allows(signed.accessKeyId, name, bucket, key);
  if (!may(action.name)) return refuse(403, "AccessDenied");
  return action.answer({
    bucket,
    key,
    request,
    objects,
    fault,
    mayList: may("ListBucket"),
    refuse,
  });
}

interface ActionAnswer {
  readonly name: Action;
  readonly answer: (asked: Asked) => Answer;
}

const ACTIONS: Readonly<Record<string, ActionAnswer>> = {
  GET: { name: "GetObject", answer: get },
  HEAD: { name: "GetObject", answer: get },
  PUT: { name: "PutObject", answer: put },
  DELETE: {
    name: "DeleteObject",
    answer: ({ objects, bucket, key }) => {
      objects.remove(bucket, key);
      return bare(204, {});
    },
  },
  LIST: {
    name: "ListBucket",
    answer: ({ objects, bucket, request }) => {
      const query = new URLSearchParams(request.target.split("?")[1]);
      return listAnswer(bucket, objects.keys(bucket), (key) => objects.get(bucket, key), query);
    },
  },
};

function get({ request, objects, bucket, key, fault, mayList, refuse }: Asked): Answer {
  const object = fault?.kind === "older" ? objects.previous(bucket, key) : objects.get(bucket, key);
  if (!object) return mayList ? refuse(404, "NoSuchKey") : refuse(403, "AccessDenied");
  const { "if-match": wanted, "if-none-match": known } = request.headers;
  if (wanted !== undefined && wanted !== object.etag) return refuse(412, "PreconditionFailed");
  const etag = fault?.kind === "etag" ? fault.etag : object.etag;
  if (etag !== null && known === etag) return bare(304, { etag });
  const headers = {
    "last-modified": object.modified.toUTCString(),
    "content-type": "application/octet-stream",
    ...(etag !== null && { etag }),
    ...(request.headers["x-amz-checksum-mode"] === "ENABLED" && {
      "x-amz-checksum-crc32": object.crc32,
      "x-amz-checksum-type": "FULL_OBJECT",
    }),
  };
  return { status: 200, headers, body: object.body };
}

function put({ request, objects, bucket, key, refuse }: Asked): Answer {
  const { headers, body } = request;
  if (headers["content-encoding"]?.includes("aws-chunked")) return refuse(501, "NotImplemented");
  const etag = objects.get(bucket, key)?.etag;
  const isMet =
    headers["if-none-match"] === "*"
      ? etag === undefined
      : headers["if-match"] === undefined || headers["if-match"] === etag;
  if (!isMet) return refuse(412, "PreconditionFailed");
  return bare(200, { etag: objects.put(bucket, key, body).etag });
}

/** Bucket and key of a request. A host that is a name with dots holds the bucket: `orders.s3.eu-central-1.amazonaws.com`. */
export function locationOf({ target, headers }: SignedRequest): ObjectLocation {
  const path = decodeURIComponent((target.split("?")[0] ?? "/").slice(1));
  const host = (headers.host ?? "").replace(/:\d+$/, "");
  const virtual = /^(.+?)\.(s3[.-].+|localhost)$/.exec(host);
  if (virtual?.[1] !== undefined && isIP(host) === 0) return { bucket: virtual[1], key: path };
  const slash = path.indexOf("/");
  return slash === -1
    ? { bucket: path, key: "" }
    : { bucket: path.slice(0, slash), key: path.slice(slash + 1) };
}

function bare(status: number, headers: Answer["headers"]): Answer {
  return { status, headers, body: Buffer.alloc(0) };
}
