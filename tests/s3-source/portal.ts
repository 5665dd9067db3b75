import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env } from "node:process";
import type { TestContext } from "node:test";

import type { Documents } from "../../proxy-image/src/agent/documents.ts";
import { createDocuments } from "../../proxy-image/src/agent/documents.ts";
import { createEnded } from "../../proxy-image/src/agent/state.ts";
import type { PortalDocument } from "../../proxy-image/src/contract.ts";
import { formatDocument } from "../../proxy-image/src/contract.ts";
import type { Bucket } from "../../proxy-image/src/s3/bucket.ts";
import { openBucket } from "../../proxy-image/src/s3/client.ts";
import { s3Source } from "../../proxy-image/src/s3/source.ts";
import type { Fetched } from "../../proxy-image/src/source.ts";
import type { StandIn, StandInArgs } from "../support/s3/server.ts";
import { startStandIn } from "../support/s3/server.ts";

/** The part of a portal that brings documents, with AWS's own client, in front of the stand-in. */
export interface Portal {
  readonly s3: StandIn;
  readonly bucket: Bucket;
  readonly documents: Documents;
  /** Notes of the documents' one whitelist entry, in the order in which they came into force. */
  readonly served: readonly string[];
  readonly fetched: readonly Fetched["kind"][];
  /** Messages of the log, alarms marked with `!`. */
  readonly log: readonly string[];
  /** Puts a document whose one whitelist entry has that note. */
  put(note: string, generation?: number): void;
  /** Looks, as after a pause that is longer than any. */
  look(): Promise<void>;
  /** The portal's clock, in milliseconds. It stands still but for `skip`. */
  readonly clock: () => number;
  skip(ms: number): void;
}

export const BUCKET = "portico-test";
export const KEY = "orders/document.json";

/** Longest time of a request. The answers that are to come in time come in a few milliseconds. */
const DEADLINE = 1500;

export async function portal(t: TestContext, args: StandInArgs = {}): Promise<Portal> {
  const s3 = await startStandIn(args);
  const folder = await mkdtemp(join(tmpdir(), "s3-source-"));
  env.AWS_EC2_METADATA_SERVICE_ENDPOINT = s3.url;
  t.after(async () => {
    delete env.AWS_EC2_METADATA_SERVICE_ENDPOINT;
    await s3.close();
    await rm(folder, { recursive: true });
  });
  let now = 0;
  const clock = () => now;
  const skip = (ms: number) => {
    now += ms;
  };
  const bucket = openBucket({
    bucket: BUCKET,
    region: "eu-central-1",
    endpoint: s3.url,
    deadline: DEADLINE,
  });
  const source = s3Source({ bucket, key: KEY, clock });
  const served: string[] = [];
  const fetched: Fetched["kind"][] = [];
  const log: string[] = [];
  let generation = 1;
  const documents = createDocuments({
    source: {
      fetch: async () => {
        const answer = await source.fetch();
        fetched.push(answer.kind);
        return answer;
      },
    },
    haproxy: {
      execute: async () => ({
        ...{ kind: "applied", ms: 0, cut: [], certificates: [], endedSsh: [] },
        configured: { kind: "unchanged" },
      }),
      read: async () => ({ kind: "unreadable", why: "there is none" }),
    },
    log: createMessages(log),
    clock,
    copy: join(folder, "document.json"),
    ended: createEnded({ known: [], write: async () => {}, log: createMessages(log) }),
    generation: () => generation,
    serve: async (document) => {
      generation = document.generation;
      served.push(noteOf(document));
    },
  });
  return {
    s3,
    bucket,
    documents,
    served,
    fetched,
    log,
    put: (note, ofGeneration = 2) => {
      s3.objects.put(BUCKET, KEY, formatDocument(documentOf(note, ofGeneration)));
    },
    look: () => {
      skip(60_000);
      return documents.look();
    },
    clock,
    skip,
  };
}

/** A log that keeps its messages, alarms marked with `!`. */
export function createMessages(messages: string[]) {
  const keep = (facts: unknown, msg?: string) => {
    const { alarm } = facts as { readonly alarm?: true };
    messages.push(`${alarm ? "!" : ""}${msg ?? facts}`);
  };
  return { info: keep, warn: keep, error: keep };
}

const CIDR = "203.0.113.0/24";

const noteOf = ({ whitelist }: PortalDocument) => String(whitelist[CIDR]);

const documentOf = (note: string, generation: number): PortalDocument => ({
  contract: 1,
  deployment: "orders",
  engine: "postgresql",
  generation,
  nodes: { "orders-1": { address: "10.0.0.1", port: 5432 } },
  evidence: { kind: "patroni", scope: "orders", patroni: 8008, etcd: 2379 },
  endpoints: { primary: { port: 5432, route: "primary" } },
  status: 8404,
  maxLag: 0,
  timing: { hold: 30, silence: 10, drain: 60 },
  fallback: "off",
  open: false,
  whitelist: { [CIDR]: note },
});
