import { setTimeout as sleep } from "node:timers/promises";

import type { Led } from "../../tests/engines/conformance.ts";
import { containerOf, targetsOf } from "../../tests/support/cluster.ts";
import { until } from "../../tests/support/containers.ts";
import { docker } from "../../tests/support/docker.ts";
import { loadOf } from "../../tests/support/load.ts";
import { AFTERWARDS_MS, type Kill, metBy, untilOver } from "./kill.ts";
import type { Probe } from "./probe.ts";

/** Kills the leader under load, once. */
export async function killLeader(led: Led, probe: Probe): Promise<Kill> {
  const { cluster, driver, whole, leader, isMisrouted } = led;
  await until("a whole cluster", 240, whole);
  const old = await leader(cluster.nodes);
  const node = docker.getContainer(containerOf(cluster, old));
  return untilOver(async (t) => {
    const writers = loadOf(t, targetsOf(cluster, "primary"), driver);
    const straight = await probe.watch(cluster.nodes.filter((node) => node !== old));
    await writers.firstAck();
    await node.kill();
    const died = performance.now();
    const { address, at } = await straight(90);
    await writers.firstAck();
    await sleep(AFTERWARDS_MS);
    const record = await writers.stop();
    await node.start();

    const zero = at - performance.timeOrigin;
    const first = record.acknowledged.find(({ server }) => server === address);
    if (first === undefined) throw new Error(`nobody wrote to ${address} through a portal`);
    return {
      victim: old,
      own: zero - died,
      added: first.at - zero,
      ...metBy(record, died),
      misrouted: record.failures.filter(isMisrouted).length,
    };
  });
}
