import type { Exchanged } from "./exchange.ts";
import type { Answer, Miss } from "./heard.ts";
import type { Line } from "./line.ts";
import type { Pace } from "./pace.ts";

export interface WatchArgs<Said> {
  readonly line: Line<Said>;
  readonly clock: () => number;
  /** Asked before every question: what is known changes the pace. */
  readonly pace: () => Pace;
  readonly onAnswer: (answer: Answer<Said>) => void;
  readonly onMiss: (miss: Miss) => void;
}

export interface Watch {
  /** Asks without waiting for the next turn, or as soon as a question that is on its way has ended. */
  askNow(): void;
  /** When the oldest question that is still without an answer was sent. */
  waitingSince(): number | undefined;
  stop(): void;
}

/** A source has this much time between two questions, however urgent. */
const LEAST_MS = 4;

/** A deadline that rings this late rang in a process that slept: it says nothing of the source. */
const OVERSLEPT_MS = 250;

/** Asks one source again and again. */
export function watch<Said>({ line, clock, pace, onAnswer, onMiss }: WatchArgs<Said>): Watch {
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
    const { deadlineMs, everyMs, ...asked } = pace();
    const depth = line.setDepth ? asked.depth : 1;
    line.setDepth?.(depth);
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

  const report = (askedAt: number, deadlineMs: number, result: Exchanged<Said>): void => {
    if (result.kind === "answer") {
      missed = false;
      onAnswer({ askedAt, said: result.answer });
    } else if (clock() - askedAt > deadlineMs + OVERSLEPT_MS) {
      due = true;
    } else {
      // The second question follows the first miss at once, so that silence is known early.
      due ||= !missed;
      missed = true;
      onMiss(result);
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
