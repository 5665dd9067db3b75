import type { AgentArgs } from "../../proxy-image/src/agent/agent.ts";
import { createAgent } from "../../proxy-image/src/agent/agent.ts";
import { createEnded } from "../../proxy-image/src/agent/state.ts";
import type { Haproxy } from "../../proxy-image/src/apply/haproxy.ts";
import type { Actual } from "../../proxy-image/src/model/haproxy.ts";
import type { View } from "../../proxy-image/src/model/view.ts";
import { DOCUMENT, viewOf } from "../judge/scenario.ts";
import { until } from "../support/until.ts";

/**
 * An agent between stand-ins: an observer that says what the test says, and a HAProxy that can be read and obeys, unless it is
 * `stuck`: then it never answers.
 */
export function createAgentLab(changes: Partial<AgentArgs> = {}, stuck = () => false) {
  let now = 0;
  let answeredAt = 0;
  let quorum = "a@5";
  let reads = 0;
  let cycles = 0;
  const lines: string[] = [];
  const record = (facts: unknown, msg?: string): void => {
    lines.push(msg ?? String(facts));
  };
  const log = { info: record, warn: record, error: record } as unknown as AgentArgs["log"];
  const haproxy = haproxyStandIn(async () => {
    reads++;
    if (stuck()) await new Promise(() => {});
  });
  const roles = { a: "leader", b: "replica", c: "replica" };
  const ports = { a: "open", b: "open", c: "open" };
  const view = (): View =>
    viewOf({ quorum, roles, ports, leaving: false, paused: false }, answeredAt);
  const agent = createAgent({
    haproxy,
    log,
    clock: () => now,
    lineage: undefined,
    keep: () => {},
    ended: createEnded({ known: [], write: async () => {}, log }),
    observe: () => ({ view, refreshIdentity: () => {}, stop: () => {} }),
    authorize: async () => {},
    onCycle: () => {
      cycles++;
    },
    ...changes,
  });
  return {
    agent,
    lines,
    reads: () => reads,
    /** The observer hears everything anew, or nothing more. */
    advance: (ms: number, answered: boolean) => {
      now += ms;
      if (answered) answeredAt = now;
    },
    says: (what: string) => {
      quorum = what;
    },
    serve: () => agent.serve(DOCUMENT, "d1"),
    /** One cycle of the loop, to its end. */
    cycle: async () => {
      const before = cycles;
      agent.wake();
      await until("the cycle ends", 5_000, () => cycles > before);
    },
  };
}

function haproxyStandIn(onRead: () => Promise<void>): Haproxy {
  const out = { admin: "maint", up: false, sessions: 0, fallbackSessions: 0 } as const;
  const slots = Object.fromEntries(Object.keys(DOCUMENT.nodes).map((node) => [node, out]));
  const actual: Actual = {
    worker: "7@1",
    endpoints: Object.fromEntries(
      Object.keys(DOCUMENT.endpoints).map((name) => [name, { frontend: "accepting", slots }]),
    ),
    whitelist: { kind: "unknown", why: "the test" },
    oldWorkers: [],
    capacities: [],
  };
  return {
    read: async () => {
      await onRead();
      return { kind: "actual", actual };
    },
    certificates: () => ({}),
    execute: async () => ({ kind: "applied", ms: 0, cut: [], certificates: [], endedSsh: [] }),
    denied: async () => ({ kind: "denied", sources: [], others: [] }),
    close: () => {},
  };
}
