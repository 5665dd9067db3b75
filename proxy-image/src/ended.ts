import { readFile } from "node:fs/promises";
import { z } from "zod";

import type { PortalDocument } from "./contract.ts";
import type { Block, InForce } from "./judge/whitelist.ts";
import { whitelistAt } from "./judge/whitelist.ts";
import { createTextKeeper } from "./keeper.ts";
import type { Log } from "./report/log.ts";

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
  let told = "";
  /** Nobody would see otherwise why an entry lets nobody in that the document still has, and the clock too. */
  const tellEarly = (over: readonly Block[], now: number): void => {
    const early = over.filter(({ until }) => until > now + SET_BACK);
    const names = early.map(keyOf).join();
    if (names !== told && early.length > 0) {
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
    told = names;
  };
  return {
    inForce: (document, now) => {
      const found = whitelistAt(document, now, (block) => ends.has(keyOf(block)));
      tellEarly(found.ended, now);
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

const State = z.array(z.strictObject({ cidr: z.string(), until: z.number() }));

/** Throws where there is something that can't be read. */
export async function loadEnded(path: string): Promise<readonly Block[]> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "[]";
    throw error;
  });
  return State.parse(JSON.parse(text));
}

const formatEnded = (blocks: readonly Block[]): string =>
  `${JSON.stringify(blocks.map(({ cidr, until }) => ({ cidr, until })))}\n`;

const keyOf = ({ cidr, until }: Block): string => `${cidr} ${until}`;
