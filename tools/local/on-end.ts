const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Calls `end` whenever this process is asked to end: by Ctrl-C, by a signal, by the loss of its terminal, or because the command that
 * started it is gone (npm killed, say). Returns how to stop watching.
 */
export function onEnd(end: () => void): () => void {
  const parent = process.ppid;
  const orphaned = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(orphaned);
    end();
  }, 1_000);
  for (const signal of SIGNALS) process.on(signal, end);
  return () => {
    clearInterval(orphaned);
    for (const signal of SIGNALS) process.off(signal, end);
  };
}
