import { setTimeout as sleep } from "node:timers/promises";

import { until } from "../tests/support/containers.ts";
import { kill, settled, startAgain, switchOver } from "./cluster.ts";
import type { Facts } from "./facts.ts";
import type { Probe } from "./probe.ts";
import type { Event, EventKind, Seen } from "./seen.ts";
import type { Writer } from "./writers.ts";

const SETTLED_WITHIN_S = 180;
/** Who doesn't write by then has not got over the event before: it is measured as it is. */
const STEADY_WITHIN_S = 30;
const LEADER_WITHIN_S = 90;
/** Who isn't back by then is counted as hanging or turned away. */
const BACK_WITHIN_S = 12;
/** What comes late, comes in this time: sessions on the old leader, read-only answers. */
const AFTERWARDS_MS = 1000;

export interface Measuring {
  readonly facts: Facts;
  readonly probe: Probe;
  readonly writers: Readonly<Record<string, Writer>>;
}

/** One change of leader under the load of all contenders, from a settled cluster to the load's end. */
export async function measureEvent(
  { facts, probe, writers }: Measuring,
  kind: EventKind,
  number: number,
): Promise<Event> {
  const all = Object.values(writers);
  const leader = await settled(facts, SETTLED_WITHIN_S);
  for (const writer of all) writer.begin(number);
  await until("a write by every worker", STEADY_WITHIN_S, async () =>
    all.every((writer) => writer.everybodyWrites()),
  ).catch(() => {});
  await probe.watch(leader.address);
  try {
    const done = kind === "kill" ? kill(leader) : switchOver(leader);
    const [newLeader] = await Promise.all([probe.nextLeader(LEADER_WITHIN_S), done]);
    const isBack = async () => all.every((writer) => writer.everybodyWrites(newLeader));
    await until("every worker's return", BACK_WITHIN_S, isBack).catch(() => {});
    await sleep(AFTERWARDS_MS);
    const seen: Record<string, Seen> = {};
    for (const [key, writer] of Object.entries(writers)) seen[key] = await writer.finish();
    return { ...(await probe.finish(leader.address)), kind, number, seen };
  } finally {
    if (kind === "kill") await startAgain(leader);
  }
}
