import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";

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
  | { readonly kind: "refused"; readonly why: string; readonly digest: string | null };

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
        return read(text);
      } catch (error) {
        const why = `can't be read: ${(error as Error).message}`;
        if (seen === why) return { kind: "same" };
        seen = why;
        return { kind: "refused", why, digest: null };
      }
    },
  };
}

/** The digest by which a document is known: hexadecimal SHA-256 of its UTF-8 text. */
export function digestOf(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/** Judges a text that a source brought. */
export function read(text: string): Fetched {
  const parsed = parseDocument(text);
  const digest = digestOf(text);
  return parsed.kind === "document"
    ? { ...parsed, digest, text }
    : { kind: "refused", why: parsed.why, digest };
}
