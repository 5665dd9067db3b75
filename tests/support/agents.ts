import type { Cluster } from "./cluster.ts";
import { containerOf } from "./cluster.ts";
import { execWell } from "./containers.ts";

/** The agent's silence after which HAProxy goes on without it, and a moment. */
export const SILENCE_MS = 13_000;
/** Two failed checks of HAProxy's own, each with its interval and time-out, and a moment. */
export const OWN_CHECK_MS = 8000;

/** Freezes portals' agents, wakes them up, or ends them. Rejects where there is none. */
export const signalAgents = (
  cluster: Cluster,
  portals: readonly string[],
  how: "STOP" | "CONT" | "KILL",
) =>
  Promise.all(
    portals.map((portal) =>
      execWell(containerOf(cluster, portal), ["pkill", `-${how}`, "-f", "agent.mjs"], "agent"),
    ),
  );
