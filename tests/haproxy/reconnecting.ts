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
  stop(): Promise<void>;
}

/** The rate of new sessions is what wrong orders stumble over: each client comes back at once, and again and again. */
export function reconnectingClients(t: TestContext, lab: Lab): Load {
  const served: string[] = [];
  let stopped = false;
  let hanging = 0;
  const one = async (): Promise<void> => {
    while (!stopped) {
      const client = openClient(lab.port("primary"));
      const node = await Promise.race([client.node, pause(PATIENCE_MS, "none", { ref: false })]);
      if (node === "none") hanging++;
      else if (node !== undefined) served.push(node);
      await Promise.race([client.ended, pause(30)]);
      client.socket.destroy();
      await pause(5);
    }
  };
  const all = Array.from({ length: CLIENTS }, one);
  const stop = async (): Promise<void> => {
    stopped = true;
    await Promise.all(all);
  };
  t.after(stop);
  return { served, hanging: () => hanging, stop };
}
