import { deniedTableOf, frontendOf, STATUS } from "../plan/names.ts";
import { readRefusals, readStat } from "./replies.ts";
import type { Denied, DeniedReading } from "./results.ts";
import { showFrontends, showTable } from "./runtime-commands.ts";
import { sendOnce } from "./runtime-socket.ts";

const DEADLINE_MS = 2_000;

/** A worker that is older than the agent by more than this, in seconds, was watched by another agent before. */
const BESIDE = 5;

/**
 * Counts what HAProxy refused since the last look. HAProxy writes no line for it, only totals by frontend, and by source for as
 * many as its table takes. What it counted before this agent came has been reported by another. `begun`: when it came, in milliseconds
 * of the wall clock.
 */
export function createRefusals(adminSocket: string, begun = Date.now()) {
  /** By endpoint and source: what the tables said last, and nothing else, so that a flood can't fill it. */
  let seen: ReadonlyMap<string, number> = new Map();
  let seenInAll: ReadonlyMap<string, number> = new Map();
  let worker: string | undefined;

  return {
    /** `current`: the worker whose totals are read, `<pid>@<start>`. Another worker has counted from zero. */
    async look(endpoints: readonly string[], current: string): Promise<DeniedReading> {
      const isReportedAlready = worker === undefined && startOf(current) < begun / 1000 - BESIDE;
      const names = [...endpoints, STATUS];
      const reply = await sendOnce(
        adminSocket,
        [...names.map((name) => showTable(deniedTableOf(name))), showFrontends],
        { deadlineMs: DEADLINE_MS },
      );
      if (reply.kind === "failed") return { kind: "unreadable", why: reply.why };
      const isNew = current !== worker;
      worker = current;
      const [before, beforeInAll] = isNew ? [new Map(), new Map()] : [seen, seenInAll];
      const now = new Map<string, number>();
      const sources = names.flatMap((endpoint, index) =>
        readRefusals(reply.blocks[index] ?? "").flatMap(({ source, total }): readonly Denied[] => {
          const key = `${endpoint} ${source}`;
          now.set(key, total);
          const count = isReportedAlready ? 0 : since(before.get(key), total);
          return count > 0 ? [{ endpoint, source, count }] : [];
        }),
      );
      const nowInAll = totalsOf(reply.blocks[names.length] ?? "", names);
      const others = names.flatMap((endpoint) => {
        const total = nowInAll.get(endpoint) ?? 0;
        const inAll = isReportedAlready ? 0 : since(beforeInAll.get(endpoint), total);
        const named = sources
          .filter((denied) => denied.endpoint === endpoint)
          .reduce((sum, { count }) => sum + count, 0);
        return inAll > named ? [{ endpoint, count: inAll - named }] : [];
      });
      seen = now;
      seenInAll = nowInAll;
      return { kind: "denied", sources, others };
    },
  };
}

/** Less than before: HAProxy had forgotten it and counts anew. */
function since(before = 0, total: number): number {
  return total < before ? total : total - before;
}

function totalsOf(block: string, endpoints: readonly string[]): ReadonlyMap<string, number> {
  const rows = readStat(block) ?? [];
  return new Map(
    endpoints.map((endpoint) => [
      endpoint,
      rows.find(({ proxy }) => proxy === frontendOf(endpoint))?.denied ?? 0,
    ]),
  );
}

function startOf(worker: string): number {
  return Number(worker.split("@")[1]);
}
