import { readFile } from "node:fs/promises";
import type { Haproxy } from "../apply/haproxy.ts";
import type { Configured } from "../apply/results.ts";
import type { PortalDocument } from "../contract.ts";
import { writeDurably } from "../files.ts";
import type { Whitelist } from "../model/haproxy.ts";
import type { Applied, Supply } from "../report/applied.ts";
import type { Log } from "../report/log.ts";
import type { Fetched, Source } from "../source.ts";
import { read } from "../source.ts";
import type { Ended } from "./state.ts";

export interface DocumentsArgs {
  readonly source: Source;
  readonly haproxy: Pick<Haproxy, "execute" | "read">;
  readonly log: Pick<Log, "info" | "error">;
  /** Milliseconds of a monotonic clock. */
  readonly clock: () => number;
  /** Where the last good document is kept, so that a restart of the portal finds it. */
  readonly copy: string;
  readonly ended: Ended;
  /** The highest generation seen so far. */
  readonly generation: () => number;
  /** Called with a document for which HAProxy is configured. */
  readonly serve: (document: PortalDocument, digest: string) => Promise<void>;
}

export interface Documents extends Supply {
  /** Takes up the last good document of an earlier run, for as long as the source brings no better. */
  restore(): Promise<void>;
  /** Looks at the source once. */
  look(): Promise<void>;
}

/** Milliseconds until a document that HAProxy could not take is offered to it again: its disk was full, its reload took too long. */
const TRY_AGAIN = 5_000;

type Brought = Extract<Fetched, { kind: "document" }>;

/** Takes documents from a source to HAProxy and the agent. A bad one changes nothing, and raises an alarm. */
export function createDocuments(args: DocumentsArgs): Documents {
  const { source, haproxy, log, clock, copy, ended, generation, serve } = args;
  let refused: Applied["refused"] = null;
  let owed: { readonly brought: Brought; readonly at: number } | undefined;
  let failing: Applied["failing"] = null;

  const fail = (why: string): void => {
    const isNew = why !== failing?.why;
    failing = { why, since: failing?.since ?? Date.now() };
    if (isNew)
      log.error(
        { alarm: true },
        `No document can be had, the last good one stays in force: ${why}`,
      );
  };

  const recover = (): void => {
    if (!failing) return;
    const seconds = Math.round((Date.now() - failing.since) / 1000);
    failing = null;
    log.info(`Documents can be had again, after ${seconds} s`);
  };

  const refuse = (digest: string | null, why: string): void => {
    const isNew = refused?.digest !== digest || refused.why !== why;
    refused = { digest, why };
    if (!isNew) return;
    const msg = `The new document is refused, the last good one stays in force: it ${why}`;
    log.error({ alarm: true, digest }, msg);
  };

  /** A new process of HAProxy's knows nothing of it: what ended by it has to be out of its list. */
  const latestSeen = async (): Promise<number> => {
    const reading = await haproxy.read();
    return reading.kind === "actual" ? (reading.actual.latest ?? 0) : 0;
  };

  const configure = async (
    document: PortalDocument,
    list: () => Whitelist,
  ): Promise<Configured> => {
    const why = "nodes or endpoints changed";
    const applied = await haproxy.execute([{ kind: "configure", document, whitelist: list, why }]);
    if (applied.kind === "failed") return { kind: "refused", why: applied.why };
    return applied.configured ?? { kind: "unchanged" };
  };

  const take = async (brought: Brought): Promise<void> => {
    const { document, digest, text } = brought;
    owed = undefined;
    if (document.generation < generation()) {
      return refuse(digest, `is of generation ${document.generation}, ${generation()} was seen`);
    }
    const latest = await latestSeen();
    const list = () => ended.inForce(document, Math.max(Date.now(), latest)).list;
    const configured = await configure(document, list);
    if (configured.kind === "refused") {
      owed = { brought, at: clock() + TRY_AGAIN };
      return refuse(digest, `is refused: ${configured.why}`);
    }
    refused = null;
    await serve(document, digest);
    const entries = Object.keys(document.whitelist).length;
    const reload = configured.kind === "reloaded" ? `, with a reload: ${configured.why}` : "";
    log.info({ digest, entries }, `The document is taken up${reload}`);
    await writeDurably(copy, text).catch((error: Error) => {
      log.error({ alarm: true }, `The document can't be kept for a restart: ${error.message}`);
    });
  };

  return {
    refused: () => refused,
    failing: () => failing,
    restore: async () => {
      const text = await readFile(copy, "utf8").catch(() => undefined);
      const fetched = text === undefined ? undefined : await read(text);
      if (fetched?.kind === "document") await take(fetched);
    },
    look: async () => {
      const fetched = await source.fetch();
      if (fetched.kind === "failed") return fail(fetched.why);
      recover();
      if (fetched.kind === "document") await take(fetched);
      if (fetched.kind === "refused") {
        owed = undefined;
        refuse(fetched.digest, fetched.why);
      }
      if (fetched.kind === "same" && owed && clock() >= owed.at) await take(owed.brought);
    },
  };
}
