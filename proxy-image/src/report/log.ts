import pino from "pino";

export type Log = pino.Logger;

/**
 * JSON lines on standard output. Each has `msg`, one sentence for a human, and its facts as fields beside it; `alarm:
 * true` marks what somebody has to look at.
 */
export function createLog(portal: string): Log {
  return pino({
    base: { portal },
    messageKey: "msg",
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
  });
}
