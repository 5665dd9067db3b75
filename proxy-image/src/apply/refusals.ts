import { deniedTableOf, STATUS } from "../plan/names.ts";
import type { Denied, DeniedReading } from "./answers.ts";
import { ask } from "./conversation.ts";
import { readRefusals } from "./read-sessions.ts";
import { showRecent } from "./runtime-commands.ts";

const DEADLINE_MS = 2_000;
/** HAProxy forgets a source after 10 minutes; a count from before that is of no use. */
const FORGET_MS = 11 * 60_000;

/** A worker that is older than the agent by more than this, in seconds, was watched by another agent before. */
const BESIDE = 5;

/**
 * Counts what HAProxy refused since the last look. HAProxy writes no line for it, only totals by source. What it counted before this
 * agent came has been told by another. `begun`: when it came, in milliseconds of the wall clock.
 */
export function createRefusals(adminSocket: string, begun = Date.now()) {
  const seen = new Map<string, { readonly total: number; readonly at: number }>();
  let worker: string | undefined;

  return {
    /** `current`: the worker whose totals are read, `<pid>@<start>`. Another worker has counted from zero. */
    async look(endpoints: readonly string[], current: string): Promise<DeniedReading> {
      const isToldAlready = worker === undefined && startOf(current) < begun / 1000 - BESIDE;
      if (current !== worker) seen.clear();
      const names = [...endpoints, STATUS];
      const reply = await ask(
        adminSocket,
        names.map((name) => showRecent(deniedTableOf(name))),
        { deadlineMs: DEADLINE_MS },
      );
      if (reply.kind === "failed") return { kind: "unreadable", why: reply.why };
      worker = current;
      const now = performance.now();
      const sources = names.flatMap((endpoint, place) =>
        readRefusals(reply.blocks[place] ?? "").flatMap(({ source, total }): readonly Denied[] => {
          const key = `${endpoint} ${source}`;
          const before = isToldAlready ? total : (seen.get(key)?.total ?? 0);
          seen.set(key, { total, at: now });
          // Less than before: HAProxy had forgotten the source and counts anew.
          const count = total < before ? total : total - before;
          return count > 0 ? [{ endpoint, source, count }] : [];
        }),
      );
      for (const [key, { at }] of seen) if (now - at > FORGET_MS) seen.delete(key);
      return { kind: "denied", sources };
    },
  };
}

function startOf(worker: string): number {
  return Number(worker.split("@")[1]);
}
