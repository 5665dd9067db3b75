import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";

export interface Entry {
  readonly term: number;
  readonly value: unknown;
}

type Record =
  | { readonly kind: "vote"; readonly term: number; readonly vote: string | null }
  | {
      readonly kind: "entry";
      readonly index: number;
      readonly term: number;
      readonly value: unknown;
    };

/** What a member must not forget: its term, its vote and its log, appended to a file and synced before anything is answered. */
export interface QuorumLog {
  readonly term: () => number;
  readonly vote: () => string | null;
  readonly entries: () => readonly Entry[];
  saveVote(term: number, vote: string | null): void;
  /** Puts entries from `index` on; whatever stood there or behind is gone. */
  put(index: number, entries: readonly Entry[]): void;
  close(): void;
}

export function openLog(path: string): QuorumLog {
  let [term, vote]: [number, string | null] = [0, null];
  const entries: Entry[] = [];
  const keep = (index: number, entry: Entry): void => {
    entries.length = index;
    entries.push(entry);
  };
  for (const record of read(path)) {
    if (record.kind === "vote") [term, vote] = [record.term, record.vote];
    else keep(record.index, { term: record.term, value: record.value });
  }
  const file = openSync(path, "a", 0o600);
  const append = (records: readonly Record[]): void => {
    writeSync(file, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
    fsyncSync(file);
  };
  return {
    term: () => term,
    vote: () => vote,
    entries: () => entries,
    saveVote(nextTerm, nextVote) {
      if (nextTerm === term && nextVote === vote) return;
      [term, vote] = [nextTerm, nextVote];
      append([{ kind: "vote", term, vote }]);
    },
    put(index, added) {
      if (added.length === 0) return;
      append(added.map((entry, offset) => ({ kind: "entry", index: index + offset, ...entry })));
      for (const [offset, entry] of added.entries()) keep(index + offset, entry);
    },
    close: () => closeSync(file),
  };
}

/** A last line that a crash cut off was never answered for. */
function read(path: string): readonly Record[] {
  let text = "";
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  return text.split("\n").flatMap((line) => {
    try {
      return [JSON.parse(line) as Record];
    } catch {
      return [];
    }
  });
}
