import type { Lineage } from "./judge/memory.ts";
import type { Log } from "./report/log.ts";
import { formatLineage } from "./state.ts";

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
 * and told once.
 */
export function createTextKeeper(args: TextKeeperArgs): (text: string) => void {
  const { write, what, log } = args;
  let { kept } = args;
  let wanted = kept;
  let writing = false;
  let told: string | undefined;

  const writeAll = async (): Promise<void> => {
    writing = true;
    try {
      while (kept !== wanted) {
        const text = wanted;
        await write(text);
        kept = text;
        told = undefined;
      }
    } catch (error) {
      const why = (error as Error).message;
      if (why !== told) log.error({ alarm: true }, `${what} can't be kept: ${why}`);
      told = why;
      setTimeout(goOn, AGAIN_MS).unref();
    } finally {
      writing = false;
    }
  };

  const goOn = (): void => {
    if (!writing && kept !== wanted) void writeAll();
  };

  return (text) => {
    wanted = text;
    goOn();
  };
}
