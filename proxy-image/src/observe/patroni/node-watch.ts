import type { Exchanged } from "../exchange.ts";
import type { NodeAnswer } from "./observations.ts";
import type { Pace } from "./pace.ts";
import type { RestLine } from "./rest-line.ts";
import type { StatusReply } from "./status.ts";

export interface NodeWatchArgs {
  readonly line: RestLine;
  readonly clock: () => number;
  /** Asked before every question: what is known changes the pace. */
  readonly pace: () => Pace;
  readonly onAnswer: (answer: NodeAnswer) => void;
  readonly onMiss: (why: string) => void;
}

export interface NodeWatch {
  /** Asks without waiting for the next turn, or as soon as a question that is on its way has ended. */
  askNow(): void;
  /** When the oldest question that is still without an answer was sent. */
  waitingSince(): number | undefined;
  stop(): void;
}

/** A node has this much time between two questions, however urgent. */
const LEAST_MS = 4;

/** A deadline that rings this late rang in a process that slept: it says nothing of the node. */
const OVERSLEPT_MS = 250;

/** Asks one node's Patroni again and again. */
export function watchNode({ line, clock, pace, onAnswer, onMiss }: NodeWatchArgs): NodeWatch {
  const waiting = new Set<number>();
  let timer: NodeJS.Timeout | undefined;
  let due = false;
  let missed = false;
  let stopped = false;

  const later = (delayMs: number): void => {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(turn, delayMs);
  };

  const turn = (): void => {
    const { depth, deadlineMs, everyMs } = pace();
    line.setDepth(depth);
    due = waiting.size >= depth;
    if (!due) void ask(deadlineMs);
    later(everyMs);
  };

  const ask = async (deadlineMs: number): Promise<void> => {
    const askedAt = clock();
    waiting.add(askedAt);
    const result = await line.ask(deadlineMs);
    waiting.delete(askedAt);
    if (stopped) return;
    report(askedAt, deadlineMs, result);
    if (due) later(LEAST_MS);
  };

  const report = (askedAt: number, deadlineMs: number, result: Exchanged<StatusReply>): void => {
    if (result.kind === "answer") {
      missed = false;
      onAnswer({ askedAt, said: result.answer });
    } else if (clock() - askedAt > deadlineMs + OVERSLEPT_MS) {
      due = true;
    } else {
      // The second question follows the first miss at once, so that silence is known early.
      due ||= !missed;
      missed = true;
      onMiss(result.why);
    }
  };

  turn();
  return {
    askNow() {
      if (!stopped) turn();
    },
    waitingSince: () => waiting.values().next().value,
    stop() {
      stopped = true;
      clearTimeout(timer);
      line.stop();
    },
  };
}
