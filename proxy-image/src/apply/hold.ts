import { connect, type Socket } from "node:net";

import { resumeAccepting, type Stop, stopAccepting, wait } from "./runtime-commands.ts";

export interface HoldTimes {
  /** How long a hold lasts by itself: 2 s at least. */
  readonly lastsMs: number;
  /** A hold with less left than this wants renewing. */
  readonly renewMs: number;
}

/** Longer than a hiccup of the agent, shorter than the cap on holds: a dead agent's hold must not outlast it. */
const TIMES: HoldTimes = { lastsMs: 14_000, renewMs: 7_000 };

export interface Holds {
  /** Parks new connections at the frontends `stops`. The connection that carries it stays open, and its last command lets go. */
  start(endpoint: string, stops: readonly Stop[]): void;
  /** Gives the hold up; the caller then resumes accepting. */
  forget(endpoint: string): void;
  state(endpoint: string): "held" | "ending";
  close(): void;
}

/**
 * The last part of a hold's wait. HAProxy 3.0.11 sees that a connection has closed only when it writes an answer, after the first wait, and
 * still carries out the next command: a second wait, in which the connection ends.
 */
const LAST_WAIT_MS = 1_000;

/**
 * Holds that end by themselves, also when the agent is frozen: one line, `0; wait; wait; N`, on a connection of its own. HAProxy
 * drops the rest of the line when that connection closes, so a hold that is given up can't let go at a later, wrong moment.
 */
export function createHolds(
  adminSocket: string,
  onFail: (endpoint: string, why: string) => void,
  { lastsMs, renewMs }: HoldTimes = TIMES,
): Holds {
  const held = new Map<string, { readonly socket: Socket; readonly since: number }>();

  const forget = (endpoint: string): void => {
    held.get(endpoint)?.socket.destroy();
    held.delete(endpoint);
  };

  return {
    start(endpoint, stops) {
      const before = held.get(endpoint)?.socket;
      const socket = connect({ path: adminSocket });
      held.set(endpoint, { socket, since: performance.now() });
      const line = [
        ...stopAccepting(endpoint, stops),
        wait((lastsMs - LAST_WAIT_MS) / 1000),
        wait(LAST_WAIT_MS / 1000),
        ...resumeAccepting(endpoint, stops),
      ];
      socket.once("connect", () => socket.write(`${line.join(";")}\n`));
      // The former hold goes only once this one is in force.
      socket.once("data", () => before?.destroy());
      socket.on("data", () => {});
      socket.once("error", (error) => onFail(endpoint, error.message));
      socket.once("close", () => {
        before?.destroy();
        if (held.get(endpoint)?.socket === socket) held.delete(endpoint);
      });
    },
    forget,
    state(endpoint) {
      const since = held.get(endpoint)?.since;
      const left = since === undefined ? 0 : since + lastsMs - performance.now();
      return left > renewMs ? "held" : "ending";
    },
    close() {
      for (const endpoint of held.keys()) forget(endpoint);
    },
  };
}
