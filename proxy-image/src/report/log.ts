import pino from "pino";

export type Log = pino.Logger;

export interface Logging {
  readonly log: Log;
  /**
   * Ends the process, after its last lines are out. Where nobody reads them, without them a second later: the threads that wait
   * for the reader would keep an ordinary exit waiting as well.
   */
  readonly exit: (code: number) => Promise<never>;
}

/** Characters that wait for a reader. What comes beyond them is dropped, and counted. */
const LONGEST_WAIT = 1024 * 1024;
/** The kernel writes no more to a pipe in one piece: HAProxy's lines go to the same one. */
const PIECE = 4096;
const LAST_LINES_MS = 1_000;

/**
 * JSON lines on standard output. Each has `msg`, one sentence for a human, and its facts as fields beside it; `alarm:
 * true` marks what somebody has to look at. The process never waits for whoever reads them.
 */
export function createLog(portal: string): Logging {
  const out = pino.destination({
    dest: 1,
    sync: false,
    maxLength: LONGEST_WAIT,
    maxWrite: PIECE,
  });
  const log = pino(
    {
      base: { portal },
      messageKey: "msg",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    out,
  );
  let dropped = 0;
  out.on("drop", () => {
    dropped++;
  });
  // Emitted once all that waited is out.
  out.on("drain", () => {
    if (dropped === 0) return;
    const facts = { alarm: true, dropped };
    dropped = 0;
    log.warn(facts, `${facts.dropped} lines of this log were dropped: nobody read it`);
  });
  // A reader that is gone for good is no reason to end.
  out.on("error", () => {});

  const exit = async (code: number): Promise<never> => {
    const isOut = await new Promise<boolean>((resolve) => {
      out.once("close", () => resolve(true));
      setTimeout(() => resolve(false), LAST_LINES_MS);
      // What was dropped is logged first.
      if (dropped > 0) out.once("drain", () => out.end());
      else out.end();
    });
    if (!isOut) process.kill(process.pid, "SIGKILL");
    process.exit(code);
  };
  return { log, exit };
}
