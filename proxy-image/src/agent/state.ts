// What this portal keeps on its disk, so that a restart finds it: how far the cluster's history was seen, and which whitelist entries have ended. The
// agent never waits for the disk.

import { readFile } from "node:fs/promises";
import { z } from "zod";

import type { PortalDocument } from "../contract.ts";
import { parseDocument } from "../contract.ts";
import type { Lineage } from "../judge/memory.ts";
import type { InForce } from "../judge/whitelist.ts";
import { whitelistAt } from "../judge/whitelist.ts";
import type { Block } from "../model/haproxy.ts";
import type { Log } from "../report/log.ts";

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
    lost: `what this portal saw before can't be read (${why}): raise the deployment's generation to let it begin anew`,
  };
}

/** The text to keep. Two lineages with the same text need no second write. */
export function formatLineage({ generation, incarnation, highest }: Lineage): string {
  const kept = highest && { epoch: highest.epoch, node: highest.node };
  return `${JSON.stringify({ generation, incarnation, highest: kept })}\n`;
}

export interface KeeperArgs {
  /** Settles when the text is on the disk for good. */
  readonly write: (text: string) => Promise<void>;
  /** What is on the disk already. */
  readonly lineage: Lineage | undefined;
  readonly log: Pick<Log, "error">;
}

/** Keeps the history on disk. */
export function createKeeper({ write, lineage, log }: KeeperArgs): (lineage: Lineage) => void {
  const kept = lineage && !lineage.lost ? formatLineage(lineage) : "";
  const keep = createTextKeeper({ write, kept, what: "The epoch", log });
  return (grown) => {
    // What is there can't be read, but a person may be able to.
    if (grown.lost === undefined) keep(formatLineage(grown));
  };
}

export interface TextKeeperArgs extends Pick<KeeperArgs, "write" | "log"> {
  /** What is on the disk already. */
  readonly kept: string;
  /** What the log says can't be kept. */
  readonly what: string;
}

/** A disk that was full may have room again. */
const AGAIN_MS = 5_000;

/**
 * Keeps a text on disk, behind the agent's back: one write at a time, the newest text last. One that failed is tried again soon,
 * and logged once.
 */
function createTextKeeper(args: TextKeeperArgs): (text: string) => void {
  const { write, what, log } = args;
  let { kept } = args;
  let wanted = kept;
  let writing = false;
  let reported: string | undefined;

  const writeAll = async (): Promise<void> => {
    writing = true;
    try {
      while (kept !== wanted) {
        const text = wanted;
        await write(text);
        kept = text;
        reported = undefined;
      }
    } catch (error) {
      const why = (error as Error).message;
      if (why !== reported) log.error({ alarm: true }, `${what} can't be kept: ${why}`);
      reported = why;
      setTimeout(writeOn, AGAIN_MS).unref();
    } finally {
      writing = false;
    }
  };

  const writeOn = (): void => {
    if (!writing && kept !== wanted) void writeAll();
  };

  return (text) => {
    wanted = text;
    writeOn();
  };
}

/** What whitelist entries have ended, by block and end: also after a restart, and whatever the clock says then. */
export interface Ended {
  /** Who may connect at the wall-clock time `now`. What is over then is over for good. */
  inForce(document: PortalDocument, now: number): InForce;
}

export interface EndedArgs {
  /** What `loadEnded` brought. */
  readonly known: readonly Block[];
  /** Settles when the text is on the disk for good. Never waited for. */
  readonly write: (text: string) => Promise<void>;
  readonly log: Pick<Log, "error" | "warn">;
}

/** As many entries as the longest document has. Beyond, those whose end is the longest ago are forgotten. */
const MOST = 100_000;

/** Milliseconds. A clock that is kept right goes back by less. */
const SET_BACK = 60_000;
/** Blocks that an alarm names. */
const NAMED = 5;

export function createEnded({ known, write, log }: EndedArgs): Ended {
  const ends = new Map(known.map((block) => [keyOf(block), block]));
  const keep = createTextKeeper({
    write,
    kept: formatEnded(known),
    what: "Which whitelist entries have ended",
    log,
  });
  let reported = "";
  /** Nobody would see otherwise why an entry lets nobody in that the document still has, and the clock too. */
  const reportEarly = (over: readonly Block[], now: number): void => {
    const early = over.filter(({ until }) => until > now + SET_BACK);
    const names = early.map(keyOf).join();
    if (names !== reported && early.length > 0) {
      const [which, other] =
        early.length === 1
          ? ["An entry of the whitelist", "it"]
          : ["Entries of the whitelist", "them"];
      log.warn(
        {
          alarm: true,
          entries: early.length,
          cidrs: early.slice(0, NAMED).map(({ cidr }) => cidr),
        },
        `${which} ended while the clock was ahead, and nobody comes in by ${other} any more: give ${other} another end`,
      );
    }
    reported = names;
  };
  return {
    inForce: (document, now) => {
      const found = whitelistAt(document, now, (block) => ends.has(keyOf(block)));
      reportEarly(found.ended, now);
      const fresh = found.ended.filter((block) => !ends.has(keyOf(block)));
      if (fresh.length === 0) return found;
      for (const block of fresh) ends.set(keyOf(block), block);
      if (ends.size > MOST) {
        const oldest = [...ends.values()].sort((a, b) => a.until - b.until);
        for (const block of oldest.slice(0, ends.size - MOST)) ends.delete(keyOf(block));
      }
      keep(formatEnded([...ends.values()]));
      return found;
    },
  };
}

const EndedBlocks = z.array(z.strictObject({ cidr: z.string(), until: z.number() }));

/** Throws where there is something that can't be read. */
export async function loadEnded(path: string): Promise<readonly Block[]> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "[]";
    throw error;
  });
  return EndedBlocks.parse(JSON.parse(text));
}

const formatEnded = (blocks: readonly Block[]): string =>
  `${JSON.stringify(blocks.map(({ cidr, until }) => ({ cidr, until })))}\n`;

const keyOf = ({ cidr, until }: Block): string => `${cidr} ${until}`;
