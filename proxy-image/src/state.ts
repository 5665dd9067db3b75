import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";

import { parseDocument } from "./contract.ts";
import type { Lineage } from "./judge/memory.ts";

const State = z.strictObject({
  generation: z.int().min(1),
  incarnation: z.string().optional(),
  highest: z.strictObject({ epoch: z.array(z.int().min(0)), node: z.string() }).optional(),
});

export type Loaded =
  | { readonly kind: "lineage"; readonly lineage: Lineage }
  /** This portal has never seen a cluster. */
  | { readonly kind: "none" }
  | { readonly kind: "unreadable"; readonly why: string };

/**
 * Reads the history that an earlier agent of this portal saw. `now` stands for the time at which its highest epoch was
 * seen, since the monotonic clock began anew.
 */
export async function loadLineage(path: string, now: number): Promise<Loaded> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { kind: "none" };
    return { kind: "unreadable", why: (error as Error).message };
  }
  try {
    const { generation, incarnation, highest } = State.parse(JSON.parse(text));
    const lineage: Lineage = {
      generation,
      ...(incarnation !== undefined && { incarnation }),
      ...(highest && { highest: { ...highest, at: now } }),
    };
    return { kind: "lineage", lineage };
  } catch (error) {
    return { kind: "unreadable", why: (error as Error).message };
  }
}

/**
 * What stands for a history that can't be read: whom HAProxy serves may go on, nobody new is opened, until a document's generation
 * is above the one that the history was of. `document`: the text of the last document of that time, if there is one.
 */
export function lostLineage(why: string, document: string | undefined): Lineage {
  const parsed = document === undefined ? undefined : parseDocument(document);
  return {
    generation: parsed?.kind === "document" ? parsed.document.generation : 0,
    lost: `what this portal saw before can't be read (${why}): a higher generation lets it begin anew`,
  };
}

/** The text to keep. Two lineages with the same text need no second write. */
export function formatLineage({ generation, incarnation, highest }: Lineage): string {
  const kept = highest && { epoch: highest.epoch, node: highest.node };
  return `${JSON.stringify({ generation, incarnation, highest: kept })}\n`;
}

/** Replaces a file so that a reader, or a crash, finds either the old text or the new one, and the new one lasts. */
export async function writeDurably(path: string, text: string, mode = 0o600): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const next = `${path}.next`;
  const file = await open(next, "w", mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(next, path);
}
