import type { Socket } from "node:net";
import { connect } from "node:net";

/** The end of a connection that stood for less is no sign: where none can be had, looks would follow each other without end. */
const STOOD_MS = 1_000;

export interface Presence {
  /** This process answers: its end is to be told. To be called at every look. */
  of(worker: string): void;
  close(): void;
}

/**
 * Keeps a connection to HAProxy's runtime socket on which nothing is ever said. A process that ends closes it at once; a living one does
 * so after a minute, which costs a look. Never kept to a process that another one has followed: it would live as long.
 */
export function createPresence(adminSocket: string, onGone: () => void): Presence {
  let kept: { readonly socket: Socket; readonly worker: string } | undefined;

  const drop = (): void => {
    const { socket } = kept ?? {};
    kept = undefined;
    socket?.destroy();
  };

  return {
    of(worker) {
      if (kept?.worker === worker) return;
      drop();
      const socket = connect({ path: adminSocket });
      const since = performance.now();
      kept = { socket, worker };
      socket.on("error", () => {});
      socket.on("close", () => {
        if (kept?.socket !== socket) return;
        kept = undefined;
        if (performance.now() - since >= STOOD_MS) onGone();
      });
      // Reading, or else its end goes unnoticed.
      socket.resume();
    },
    close: drop,
  };
}
