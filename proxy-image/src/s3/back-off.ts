export interface BackOff {
  /** True while nothing is to be asked. */
  isQuiet(): boolean;
  /** Doubles the pause: 2, 4, 8, 16, then 30 seconds. */
  more(): void;
  reset(): void;
}

const FIRST = 2000;
const LONGEST = 30_000;

/** Pauses between requests that get longer. `clock`: milliseconds of a monotonic clock. */
export function createBackOff(clock: () => number): BackOff {
  let pause = 0;
  let quietUntil = Number.NEGATIVE_INFINITY;
  return {
    isQuiet: () => clock() < quietUntil,
    more: () => {
      pause = Math.min(Math.max(pause * 2, FIRST), LONGEST);
      quietUntil = clock() + pause;
    },
    reset: () => {
      pause = 0;
      quietUntil = Number.NEGATIVE_INFINITY;
    },
  };
}
