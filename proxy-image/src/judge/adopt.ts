import type { PortalDocument } from "../contract.ts";
import type { Actual } from "../plan/actual.ts";
import type { Gate, Lineage, Memory, Pool, Reader } from "./memory.ts";
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
  const known = lineage?.generation === 0 ? { ...lineage, ...blank.lineage } : lineage;
  if (known !== undefined && known.generation !== document.generation) return blank;
  const served = (route: Route): readonly Endpoint[] =>
    Object.entries(document.endpoints).flatMap(([name, endpoint]) => {
      const is = actual.endpoints[name];
      return endpoint.route === route && is ? [is] : [];
    });
  const [writes] = served("primary");
  const [reads] = served("replica");
  const [any] = served("any");
  const members = [...(any ? [any] : []), ...served("node")].map((is) => readersOf(is, now));
  return {
    lineage: known ?? blank.lineage,
    gate: (writes && gateOf(writes, now)) ?? blank.gate,
    readers: reads ? readersOf(reads, now) : {},
    members: Object.assign({}, ...members),
    pool: any ? poolOf(any, now) : blank.pool,
  };
}

type Endpoint = Actual["endpoints"][string];
type Route = PortalDocument["endpoints"][string]["route"];

function gateOf({ door, slots }: Endpoint, since: number): Gate | undefined {
  const why = "HAProxy serves it";
  // In the midst of a switch there are two: the old leader's slot drains, and the new one's is ready.
  const names = Object.keys(slots);
  const node =
    names.find((name) => slots[name]?.admin === "ready") ??
    names.find((name) => slots[name]?.admin !== "maint");
  if (door !== "accepting") {
    return { kind: "held", keep: node, since, why: "HAProxy holds" };
  }
  if (node === undefined) return undefined;
  const ready = slots[node]?.admin === "ready";
  return ready ? { kind: "open", node, since, why } : { kind: "closed", keep: node, since, why };
}

function poolOf({ door, slots }: Endpoint, since: number): Pool {
  if (door !== "accepting") return { kind: "held", since, why: "HAProxy holds" };
  const serves = Object.values(slots).some(({ admin }) => admin === "ready");
  return { kind: serves ? "open" : "closed", since, why: "HAProxy serves it" };
}

function readersOf({ slots }: Endpoint, since: number): Readonly<Record<string, Reader>> {
  return Object.fromEntries(
    Object.entries(slots).map(([name, { admin }]): [string, Reader] => {
      if (admin === "maint") return [name, { kind: "cut" }];
      return [name, admin === "ready" ? { kind: "ready" } : { kind: "drain", since }];
    }),
  );
}
