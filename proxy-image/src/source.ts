import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { Worker } from "node:worker_threads";

import type { PortalDocument } from "./contract.ts";
import { LONGEST_DOCUMENT, parseDocument } from "./contract.ts";

export type Fetched =
  | { readonly kind: "same" }
  | {
      readonly kind: "document";
      readonly document: PortalDocument;
      readonly digest: string;
      readonly text: string;
    }
  /** What is there is no document. */
  | { readonly kind: "refused"; readonly why: string; readonly digest: string | null }
  /** The source can't say what is there. The same failure has the same text each time. */
  | { readonly kind: "failed"; readonly why: string };

/** Where documents come from. Each call looks once and says what is there, compared with the last call. */
export interface Source {
  fetch(): Promise<Fetched>;
}

/**
 * A file that is replaced by renaming. Read by polling: notifications don't cross the border of a virtual machine, and
 * a rename within the same second and of the same size still has another inode.
 */
export function fileSource(path: string): Source {
  let seen = "";
  return {
    fetch: async () => {
      try {
        const { mtimeMs, size, ino } = await stat(path);
        const mark = `${mtimeMs}:${size}:${ino}`;
        if (mark === seen) return { kind: "same" };
        if (size > 4 * LONGEST_DOCUMENT) {
          seen = mark;
          return { kind: "refused", why: `is ${size} bytes long`, digest: null };
        }
        const text = await readFile(path, "utf8");
        seen = mark;
        return await read(text);
      } catch (error) {
        return { kind: "failed", why: `the file can't be read: ${(error as Error).message}` };
      }
    },
  };
}

/** The digest by which a document is known: hexadecimal SHA-256 of its UTF-8 text. */
export function digestOf(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/** A document this long, in characters, is judged beside the agent's loop, which 100,000 entries would stop for a second. */
const LONG = 64 * 1024;

/** Judges a text that a source brought. */
export async function read(text: string): Promise<Fetched> {
  const digest = digestOf(text);
  if (text.length <= LONG) {
    const parsed = parseDocument(text);
    return parsed.kind === "document"
      ? { ...parsed, digest, text }
      : { kind: "refused", why: parsed.why, digest };
  }
  const why = await whyRefused(text);
  // The contract changes nothing in what it accepts.
  return why === undefined
    ? { kind: "document", document: JSON.parse(text), digest, text }
    : { kind: "refused", why, digest };
}

/** Why a text is no document, found out in a thread of its own; undefined: it is one. */
function whyRefused(text: string): Promise<string | undefined> {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "mjs";
  const worker = new Worker(new URL(`./judge-document.${extension}`, import.meta.url), {
    workerData: text,
    resourceLimits: { maxOldGenerationSizeMb: 512 },
  });
  return new Promise((resolve) => {
    worker.once("message", resolve);
    worker.once("error", ({ message }) => resolve(`can't be judged: ${message}`));
    worker.once("exit", (code) => resolve(`can't be judged: the thread ended with ${code}`));
  });
}
