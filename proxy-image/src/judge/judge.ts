import type { PortalDocument } from "../contract.ts";
import { keptBy, nextGate } from "./gate.ts";
import { findLeader } from "./leader.ts";
import { weigh } from "./lineage.ts";
import type { Gate, Memory, Reader } from "./memory.ts";
import { blankMemory } from "./memory.ts";
import { judgeReaders } from "./readers.ts";
import type { View } from "./view.ts";
import type { Slot, Wanted, WantedEndpoint } from "./wanted.ts";

/** What is true, and so what HAProxy should be. Pure: the same history and view give the same verdict. */
export function judge(
  document: PortalDocument,
  before: Memory,
  view: View,
  now: number,
): { readonly memory: Memory; readonly endpoints: Wanted["endpoints"] } {
  const { timing, generation, maxLag } = document;
  const start = before.lineage.generation < generation ? blankMemory(generation, now) : before;
  const { lineage, evidence } = weigh(start.lineage, view.quorum);
  const kept = keptBy(start.gate);
  const finding = findLeader({ view, evidence, lineage, kept });
  const gate = nextGate(start.gate, finding, timing.hold * 1000, now);
  const leader = gate.kind === "open" ? gate.node : undefined;
  const readers = judgeReaders(
    start.readers,
    view,
    lineage,
    leader,
    { maxLag, drainMs: timing.drain * 1000 },
    now,
  );
  const endpoints = Object.fromEntries(
    Object.entries(document.endpoints).map(([name, { route }]) => [
      name,
      route === "primary" ? writeEndpoint(document, gate) : readEndpoint(document, readers, gate),
    ]),
  );
  return { memory: { lineage, gate, readers }, endpoints };
}

function writeEndpoint({ nodes }: PortalDocument, gate: Gate): WantedEndpoint {
  const kept = keptBy(gate);
  const keptSlot: Slot = gate.kind === "closed" ? "drain" : "ready";
  const slots = Object.fromEntries(
    Object.keys(nodes).map((name): [string, Slot] => [name, name === kept ? keptSlot : "cut"]),
  );
  return { gate: gate.kind, slots, why: gate.why };
}

function readEndpoint(
  { nodes }: PortalDocument,
  readers: Readonly<Record<string, Reader>>,
  writeGate: Gate,
): WantedEndpoint {
  const slots = Object.fromEntries(
    Object.keys(nodes).map((name): [string, Slot] => [name, readers[name]?.kind ?? "cut"]),
  );
  const ready = Object.values(slots).filter((slot) => slot === "ready").length;
  if (ready > 0)
    return {
      gate: "open",
      slots,
      why: `${ready} of ${Object.keys(nodes).length} nodes serve reads`,
    };
  const why = "no node can serve reads";
  return { gate: writeGate.kind === "held" ? "held" : "closed", slots, why };
}
