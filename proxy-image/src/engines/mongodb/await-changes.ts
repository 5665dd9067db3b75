import type { Socket } from "node:net";

import { decodeHello, encodeHello } from "./hello.ts";

/** How long a member may wait with its answer when nothing changes: the server's own default. */
const MAX_AWAIT_MS = 10_000;
/** A member that answers at once again and again must not keep two processes busy. */
const LEAST_MS = 50;

export interface Changes {
  /** What the member has told: ask to be told of what comes after it, unless that is being waited for already. */
  after(topologyVersion: unknown): void;
  stop(): void;
}

/**
 * A connection of its own on which a member answers once its view of the set has changed. It only hastens: `onChange` asks anew, and
 * what is never told here is found by asking.
 */
export function awaitChanges(open: () => Socket, onChange: () => void): Changes {
  let socket: Socket | undefined;
  let restAt = 0;

  const stop = (): void => {
    const was = socket;
    socket = undefined;
    was?.destroy();
  };

  return {
    after(topologyVersion) {
      if (socket || topologyVersion === undefined || performance.now() < restAt) return;
      restAt = performance.now() + LEAST_MS;
      let received = Buffer.alloc(0);
      const made = open();
      socket = made;
      made.setKeepAlive(true, 10_000);
      made.on("error", () => {});
      made.on("close", () => {
        if (socket !== made) return;
        socket = undefined;
        onChange();
      });
      made.on("data", (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        if (decodeHello(received) !== undefined) made.destroy();
      });
      made.write(encodeHello(1, { topologyVersion, maxAwaitMs: MAX_AWAIT_MS }));
    },
    stop,
  };
}
