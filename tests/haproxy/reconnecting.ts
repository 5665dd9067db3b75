import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { type Lab, openClient } from "./lab.ts";

const CLIENTS = 20;
const PATIENCE_MS = 3_000;

export interface Load {
  /** The nodes that served, in the order of the sessions. */
  readonly served: readonly string[];
  /** Clients that were neither served nor sent away. */
  hanging(): number;
  /** From now on a client that is served stays until it is cut, so that one on a wrong node can't be overlooked. */
  stay(): void;
  /** The clients come and go again. */
  go(): void;
  stop(): Promise<void>;
}

/** The rate of new sessions is what wrong orders stumble over: each client comes back at once, and again and again. */
export function reconnectingClients(t: TestContext, lab: Lab): Load {
  const served: string[] = [];
  let stopped = false;
  let hanging = 0;
  let staying: Promise<void> | undefined;
  let go = (): void => {};
  const one = async (): Promise<void> => {
    while (!stopped) {
      const client = openClient(lab.port("primary"));
      const node = await Promise.race([client.node, pause(PATIENCE_MS, "none", { ref: false })]);
      if (node === "none") hanging++;
      else if (node !== undefined) served.push(node);
      await Promise.race([client.ended, pause(30)]);
      await Promise.race([client.ended, staying]);
      client.socket.destroy();
      await pause(5);
    }
  };
  const all = Array.from({ length: CLIENTS }, one);
  const stop = async (): Promise<void> => {
    stopped = true;
    go();
    await Promise.all(all);
  };
  t.after(stop);
  return {
    served,
    hanging: () => hanging,
    stay: () => {
      staying = new Promise((done) => {
        go = done;
      });
    },
    go: () => go(),
    stop,
  };
}
