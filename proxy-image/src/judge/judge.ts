import type { PortalDocument } from "../contract.ts";
import type { Slot, Wanted, WantedEndpoint } from "../model/haproxy.ts";
import type { View } from "../model/view.ts";
import { findLeader, keptBy, nextGate } from "./leader.ts";
import { judgeMembers, judgeReaders, nextAnyGate, reasonAgainst } from "./members.ts";
import type { Gate, Lineage, Memory, Reader } from "./memory.ts";
import { blankMemory, weigh } from "./memory.ts";

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
  const drainMs = timing.drain * 1000;
  const holdMs = timing.hold * 1000;
  let { gate, readers, members, anyGate } = start;
  if (hasRoute(document, "primary", "replica")) {
    const finding = findLeader({ view, evidence, lineage, kept: keptBy(start.gate), now });
    gate = nextGate(start.gate, finding, holdMs, now);
    const leader = gate.kind === "open" ? gate.node : undefined;
    readers = judgeReaders(start.readers, view, lineage, leader, { maxLag, drainMs }, now);
  }
  if (hasRoute(document, "any", "node")) {
    members = judgeMembers(start.members, view, lineage, drainMs, now);
    anyGate = nextAnyGate(start.anyGate, members, view, lineage, holdMs, now);
  }
  const wantedFor = ({ route, node }: Endpoint): WantedEndpoint => {
    switch (route) {
      case "primary":
        return writeEndpoint(document, gate);
      case "replica":
        return readEndpoint(document, readers, gate);
      case "any":
        return {
          gate: anyGate.kind,
          slots: slotsOf(Object.keys(members), members),
          why: anyGate.why,
        };
      case "node":
        return nodeEndpoint(node ?? "", members, view, lineage);
    }
  };
  const endpoints = Object.fromEntries(
    Object.entries(document.endpoints).map(([name, endpoint]) => [name, wantedFor(endpoint)]),
  );
  return { memory: { lineage, gate, readers, members, anyGate }, endpoints };
}

type Endpoint = PortalDocument["endpoints"][string];

function hasRoute({ endpoints }: PortalDocument, ...routes: readonly Endpoint["route"][]): boolean {
  return Object.values(endpoints).some(({ route }) => routes.includes(route));
}

function slotsOf(
  names: readonly string[],
  readers: Readonly<Record<string, Reader>>,
): Readonly<Record<string, Slot>> {
  return Object.fromEntries(names.map((name) => [name, readers[name]?.kind ?? "cut"]));
}

/** A node that doesn't serve is closed at once: its driver has others, and comes back by itself. */
function nodeEndpoint(
  node: string,
  members: Readonly<Record<string, Reader>>,
  view: View,
  lineage: Lineage,
): WantedEndpoint {
  const slots = slotsOf([node], members);
  if (slots[node] === "ready") return { gate: "open", slots, why: `${node} serves` };
  const why = reasonAgainst(node, view, lineage) ?? `${node} doesn't serve`;
  return { gate: "closed", slots, why };
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
  const slots = slotsOf(Object.keys(nodes), readers);
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

/** How long, in milliseconds, a first look may take before its silence counts as an answer. */
const PATIENCE = 1500;

/**
 * True when the view says what is, and not only that nobody has been asked yet: after the start of the agent, and after
 * it was frozen, all it has is old. `since`: when it began to look.
 */
export function isSettled(
  { quorum, nodes }: View,
  kept: string | undefined,
  since: number,
  now: number,
): boolean {
  if (now - since >= PATIENCE) return true;
  if (quorum.kind === "leaderless") {
    return Object.values(nodes).every(({ role }) => role.kind !== "silent" && role.at >= since);
  }
  if (quorum.kind === "unknown" || quorum.at < since) return false;
  const role = kept === undefined ? undefined : nodes[kept]?.role;
  return role === undefined || (role.kind !== "silent" && role.at >= since);
}
