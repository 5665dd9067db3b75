import type { Socket } from "node:net";
import { connect } from "node:net";

import { failureOf } from "../../../observe/exchange.ts";
import type { Address } from "./port-probe.ts";

export interface HeldConnection {
  stop(): void;
}

export interface HeldConnectionArgs extends Address {
  /**
   * False while PostgreSQL may be shutting down: it waits for whoever comes then and says nothing, up to its
   * `authentication_timeout`, before it ends.
   */
  readonly mayHold: () => boolean;
  /** Called when the node closes a connection that stood. */
  readonly onClosed: (why: string) => void;
  /** PostgreSQL closes a connection on which nobody logs in after `authentication_timeout`: 10 s in the image. */
  readonly renewMs?: number;
}

const RENEW_MS = 6_000;
const CONNECT_MS = 2000;
const RETRY_MS = 250;

/**
 * Keeps a connection to PostgreSQL on which nothing is ever said. A process that dies, or begins to shut down, closes it
 * within a millisecond: no question is as quick. PostgreSQL logs nothing of such a connection.
 */
export function holdConnection(args: HeldConnectionArgs): HeldConnection {
  const { address, port, mayHold, onClosed, renewMs = RENEW_MS } = args;
  let held: Socket | undefined;
  let next: Socket | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const later = (delayMs: number): void => {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(open, delayMs);
  };

  const lose = (socket: Socket, why: string): void => {
    socket.destroy();
    if (socket === next) {
      next = undefined;
      later(RETRY_MS);
    }
    if (socket === held) {
      held = undefined;
      if (!next) later(RETRY_MS);
      onClosed(why);
    }
  };

  const open = (): void => {
    if (!mayHold()) {
      later(RETRY_MS);
      return;
    }
    const socket = connect({ host: address, port });
    next = socket;
    const limit = setTimeout(lose, CONNECT_MS, socket, "PostgreSQL doesn't take the connection");
    socket.on("error", (error) => lose(socket, `PostgreSQL ${failureOf(error).why}`));
    socket.on("close", () => {
      clearTimeout(limit);
      lose(socket, "PostgreSQL closed the connection that was held open");
    });
    socket.once("connect", () => {
      clearTimeout(limit);
      // The old one goes only now: at no time is there none.
      const old = held;
      held = socket;
      next = undefined;
      old?.destroy();
      later(renewMs);
    });
    // Reading, or else the node's end of the connection goes unnoticed.
    socket.resume();
  };

  open();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
      const sockets = [held, next];
      held = undefined;
      next = undefined;
      for (const socket of sockets) socket?.destroy();
    },
  };
}
