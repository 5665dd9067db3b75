import type { Change, Event, Seen } from "./seen.ts";

/** An attempt that began this long after the death of the leader could not have reached it. */
export const AFTER_DEATH_MS = 10;
const READ_ONLY = "25006";

/** Milliseconds. With few events, p99 is the maximum. */
export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** One contender over all events of one kind. */
export interface Figures {
  readonly events: number;
  /** Events after which it never wrote to the new leader while it was watched. */
  readonly neverBack: number;
  /** From the first row acknowledged straight by the new leader to the first one acknowledged through this contender. */
  readonly firstWrite: Spread | null;
  /** To the same moment from the end of the new leader's recovery. */
  readonly firstWriteFromPromotion: Spread | null;
  /** Until the last worker has written to the new leader. Null: after some event not all of them did. */
  readonly everybody: Spread | null;
  /** Attempts to connect that failed; after a kill, those begun 10 ms or more after the death, and the earlier ones. */
  readonly refused: number;
  readonly refusedEarlier: number;
  readonly readOnly: number;
  /** Sessions that broke, or statements that failed otherwise. */
  readonly broken: number;
  readonly hanging: number;
  /** Most sessions on the old leader at once, from 100 ms after the change. Null: it was always down then. */
  readonly onOldLeader: number | null;
  readonly acknowledged: number;
  /** Acknowledged rows that the surviving leader doesn't have. */
  readonly lost: number;
}

/** `rows`: the ids that the surviving leader has of this contender. */
export function figuresOf(
  contender: string,
  events: readonly Event[],
  rows: ReadonlySet<string>,
): Figures {
  const seen = events.map((event) => ({ event, seen: event.seen[contender] as Seen }));
  const returns = seen.flatMap(({ event, seen }) => {
    const back = returnOf(seen, event);
    return back === undefined ? [] : [{ event, ...back }];
  });
  const everybody = returns.flatMap(({ event, last }) =>
    last === undefined ? [] : [last - event.accepts],
  );
  const acks = seen.flatMap(({ seen }) => seen.acks);
  const failures = seen.flatMap(({ event, seen }) =>
    seen.failures.map((failure) => ({ ...failure, isLater: isLater(failure.begun, event) })),
  );
  const refused = failures.filter(({ during }) => during === "connect");
  const broken = failures.filter(({ during }) => during === "write");
  const counts = events.flatMap(({ onOldLeader }) =>
    onOldLeader === null ? [] : [onOldLeader[contender] ?? 0],
  );
  return {
    events: events.length,
    neverBack: events.length - returns.length,
    firstWrite: spreadOf(returns.map(({ event, first }) => first - event.accepts)),
    firstWriteFromPromotion: spreadOf(returns.map(({ event, first }) => first - event.promoted)),
    everybody: everybody.length < events.length ? null : spreadOf(everybody),
    refused: refused.filter(({ isLater }) => isLater).length,
    refusedEarlier: refused.filter(({ isLater }) => !isLater).length,
    readOnly: broken.filter(({ code }) => code === READ_ONLY).length,
    broken: broken.filter(({ code }) => code !== READ_ONLY).length,
    hanging: seen.reduce((sum, { seen }) => sum + seen.hanging.length, 0),
    onOldLeader: counts.length === 0 ? null : Math.max(...counts),
    acknowledged: acks.length,
    lost: acks.filter(({ id }) => !rows.has(id)).length,
  };
}

/** Nearest rank. */
export function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** When the first worker first wrote to the new leader, and when the last one did, if all of them did. */
function returnOf({ acks, workers }: Seen, { newLeader }: Change) {
  const firsts = new Map<number, number>();
  for (const { worker, server, at } of acks)
    if (server === newLeader && !firsts.has(worker)) firsts.set(worker, at);
  const times = [...firsts.values()];
  if (times.length === 0) return undefined;
  return {
    first: Math.min(...times),
    last: times.length === workers ? Math.max(...times) : undefined,
  };
}

/** In a planned switchover every attempt counts. */
function isLater(begun: number, { kind, gone }: Event): boolean {
  return kind === "switchover" || gone === null || begun >= gone + AFTER_DEATH_MS;
}
