const TICK_MS = 5;

/**
 * Milliseconds in which this process ran: a busy machine doesn't count. For tests in which all that is measured happens in the test's own
 * process: then whatever starves it stands still as well. It is right to some 5 ms, and never ahead of the clock.
 */
export function stopwatch(): () => number {
  let ticks = 0;
  const timer = setInterval(() => ticks++, TICK_MS);
  timer.unref();
  return () => ticks * TICK_MS;
}
