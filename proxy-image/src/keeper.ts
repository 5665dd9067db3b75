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

/**
 * Keeps the history on disk, behind the agent's back: one write at a time, the newest history last. One that failed is tried
 * again at the next call, and told once.
 */
export function createKeeper({ write, lineage, log }: KeeperArgs): (lineage: Lineage) => void {
  let kept = lineage && !lineage.lost ? formatLineage(lineage) : "";
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
      if (why !== told) log.error({ alarm: true }, `The epoch can't be kept: ${why}`);
      told = why;
    } finally {
      writing = false;
    }
  };

  return (grown) => {
    // What is there can't be read, but a person may be able to.
    if (grown.lost !== undefined) return;
    wanted = formatLineage(grown);
    if (!writing && kept !== wanted) void writeAll();
  };
}
