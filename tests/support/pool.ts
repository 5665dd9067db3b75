import { setTimeout as sleep } from "node:timers/promises";

import type { Cluster } from "./cluster.ts";
import { allHealthy, containerOf, logLines } from "./cluster.ts";
import { logsOf, until } from "./containers.ts";

/** Resolves once every node is healthy and every portal sends clients to each; rejects with the reason while not. */
export async function allServe(cluster: Cluster): Promise<true> {
  const { nodes, outputs } = cluster;
  await allHealthy(cluster, nodes);
  for (const { name, status } of outputs.portals) {
    const { gate, nodes: ready, why } = (await statusOf(status)).endpoints.any ?? NONE;
    if (gate !== "open" || ready.length !== nodes.length) throw new Error(`${name}: ${why}`);
  }
  return true;
}

/** Milliseconds from `wall` to the moment from which a portal sent nobody to `node`, by its own log. */
export async function outAfter(
  cluster: Cluster,
  portal: string,
  node: string,
  wall: number,
): Promise<number> {
  const out = await until(`${portal} to send nobody to ${node}`, 30, async () =>
    (await logLines(cluster, portal, wall)).find(
      (line) => line.node === node && line.was === "ready" && timeOf(line) >= wall,
    ),
  );
  return timeOf(out) - wall;
}

/** Milliseconds since 1970 at which a line was logged. */
export const timeOf = ({ time }: { readonly time?: unknown }): number =>
  new Date(String(time)).getTime();

/**
 * Three seconds in which no node logs anything, while each portal asks it a dozen times. What it has to say of earlier is waited for. `own`:
 * which lines would come of a question.
 */
export async function questionsLeaveNoLogLine(cluster: Cluster, own = /./): Promise<void> {
  await until("three seconds without a line", 60, async () => {
    // Docker counts log lines from whole seconds on.
    const began = Math.ceil(Date.now() / 1000);
    await sleep(began * 1000 + 3000 - Date.now());
    for (const node of cluster.nodes) {
      const lines = (await logsOf(containerOf(cluster, node), began)).split("\n");
      const logged = lines.filter((line) => own.test(line)).join("\n");
      if (logged !== "") throw new Error(`${node} said: ${logged}`);
    }
    return true;
  });
}

/** A portal's status page. */
export async function statusOf(url: string): Promise<Status> {
  const reply = await fetch(url, { signal: AbortSignal.timeout(5000) });
  return (await reply.json()) as Status;
}

interface Status {
  readonly endpoints: Readonly<
    Record<
      string,
      { readonly gate: string; readonly nodes: readonly string[]; readonly why: string }
    >
  >;
}

const NONE = { gate: "none", nodes: [], why: "it has no such endpoint" };
