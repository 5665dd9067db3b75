import { setTimeout as sleep } from "node:timers/promises";

import type { Subject } from "../../tests/engines/conformance.ts";
import { containerOf, targetsOf } from "../../tests/support/cluster.ts";
import { until } from "../../tests/support/containers.ts";
import { docker } from "../../tests/support/docker.ts";
import { loadOf } from "../../tests/support/load.ts";
import { outAfter } from "../../tests/support/pool.ts";
import { AFTERWARDS_MS, type Kill, metBy, untilOver } from "./kill.ts";

/** Kills a node of which any serves everybody, under load, once. */
export async function killAnyNode(subject: Subject, victim: string): Promise<Kill> {
  const { cluster, driver, whole } = subject;
  await until("a whole cluster", 240, whole);
  const node = docker.getContainer(containerOf(cluster, victim));
  return untilOver(async (t) => {
    const writers = loadOf(t, targetsOf(cluster, "any"), driver);
    await writers.firstAck();
    const wall = Date.now();
    await node.kill();
    const died = performance.now();
    const times = cluster.portals.map((portal) => outAfter(cluster, portal, victim, wall));
    const out = Math.max(...(await Promise.all(times)));
    await writers.firstAck();
    await sleep(AFTERWARDS_MS);
    const record = await writers.stop();
    await node.start();

    return {
      ...{ victim, own: null, added: out },
      ...metBy(record, died),
      misrouted: record.failures.filter(({ begun }) => begun > died + out).length,
    };
  });
}
