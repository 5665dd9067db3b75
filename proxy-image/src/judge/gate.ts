import type { Finding } from "./leader.ts";
import type { Gate } from "./memory.ts";

/**
 * Turns a finding into the write endpoint's gate. A hold has a cap, counted from its first moment, and once closed the
 * gate waits for a leader: it never goes back to holding, so that a cluster that flaps can't hold a client for ever.
 */
export function nextGate(gate: Gate, finding: Finding, holdMs: number, now: number): Gate {
  const { why } = finding;
  switch (finding.kind) {
    case "lead": {
      const same = gate.kind === "open" && gate.node === finding.node;
      return same ? { ...gate, why } : { kind: "open", node: finding.node, since: now, why };
    }
    case "refuse": {
      const since = gate.kind === "closed" ? gate.since : now;
      return { kind: "closed", keep: finding.keep, since, why };
    }
    case "wait":
      return waitingGate(gate, finding, holdMs, now);
  }
}

function waitingGate(
  gate: Gate,
  { keep, why }: Extract<Finding, { kind: "wait" }>,
  holdMs: number,
  now: number,
): Gate {
  if (gate.kind === "closed") return { kind: "closed", keep, since: gate.since, why };
  const since = gate.kind === "held" ? gate.since : now;
  if (now - since < holdMs) return { kind: "held", keep, since, why };
  return { kind: "closed", keep, since: now, why: `${why}; held for ${holdMs / 1000} s` };
}

/** The leader whose sessions are live under this gate. */
export function keptBy(gate: Gate): string | undefined {
  return gate.kind === "open" ? gate.node : gate.keep;
}
