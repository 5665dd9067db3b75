import type { PortalDocument } from "../contract.ts";
import type { Actual } from "../plan/actual.ts";
import type { Gate, Lineage, Memory, Reader } from "./memory.ts";
import { blankMemory } from "./memory.ts";

/**
 * What a new agent remembers: the history from disk, and what HAProxy does now, which another agent told it. So a
 * restart of the agent changes no route. Whom HAProxy serves is no evidence: the first verdict confirms or ends it.
 */
export function adopt(
  document: PortalDocument,
  lineage: Lineage | undefined,
  actual: Actual,
  now: number,
): Memory {
  const blank = blankMemory(document.generation, now);
  if (lineage !== undefined && lineage.generation !== document.generation) return blank;
  const served = (route: "primary" | "replica"): Endpoint | undefined => {
    const name = Object.keys(document.endpoints).find(
      (n) => document.endpoints[n]?.route === route,
    );
    return name === undefined ? undefined : actual.endpoints[name];
  };
  const [writes, reads] = [served("primary"), served("replica")];
  return {
    lineage: lineage ?? blank.lineage,
    gate: (writes && gateOf(writes, now)) ?? blank.gate,
    readers: reads ? readersOf(reads, now) : {},
  };
}

type Endpoint = Actual["endpoints"][string];

function gateOf({ door, slots }: Endpoint, since: number): Gate | undefined {
  const why = "HAProxy serves it";
  const node = Object.keys(slots).find((name) => slots[name]?.admin !== "maint");
  if (door !== "accepting") {
    return { kind: "held", keep: node, since, why: "HAProxy holds" };
  }
  if (node === undefined) return undefined;
  const ready = slots[node]?.admin === "ready";
  return ready ? { kind: "open", node, since, why } : { kind: "closed", keep: node, since, why };
}

function readersOf({ slots }: Endpoint, since: number): Readonly<Record<string, Reader>> {
  return Object.fromEntries(
    Object.entries(slots).map(([name, { admin }]): [string, Reader] => {
      if (admin === "maint") return [name, { kind: "cut" }];
      return [name, admin === "ready" ? { kind: "ready" } : { kind: "drain", since }];
    }),
  );
}
