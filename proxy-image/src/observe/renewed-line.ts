import type { Socket } from "node:net";
import { connect } from "node:net";
import { performance } from "node:perf_hooks";

import type { Question } from "./exchange.ts";
import { exchange } from "./exchange.ts";
import type { Line } from "./line.ts";

export interface RenewedLineArgs<Said> {
  readonly address: string;
  readonly port: number;
  /** Made for one connection. */
  readonly question: () => Question<Said>;
  /** The source closed the connection on which it had answered last. */
  readonly onClosed: () => void;
}

/** A connection that the source ends sooner than this after its answer was never meant to stand: its end is no sign. */
const STOOD_MS = 50;

/**
 * Asks on a new connection each time, and keeps the last one that brought an answer until the next one does. So there is
 * always one that a dying process closes, within a millisecond, and none grows older than the time between two questions.
 */
export function renewedLine<Said>(args: RenewedLineArgs<Said>): Line<Said> {
  const { address, port, question, onClosed } = args;
  let held: Socket | undefined;
  let stopped = false;

  const hold = (socket: Socket): void => {
    if (stopped) {
      socket.destroy();
      return;
    }
    const since = performance.now();
    const before = held;
    held = socket;
    before?.destroy();
    socket.once("close", () => {
      if (held !== socket) return;
      held = undefined;
      if (!stopped && performance.now() - since >= STOOD_MS) onClosed();
    });
    // Reading, or else the source's end of the connection goes unnoticed.
    socket.resume();
  };

  return {
    ask: (deadlineMs) =>
      exchange(connect({ host: address, port, noDelay: true }), question(), deadlineMs, hold),
    stop() {
      stopped = true;
      held?.destroy();
    },
  };
}
