// What the log says of the change between two verdicts: leaders, readers, members, and what is full. Pure.

import type { AnyGate, Gate, Memory } from "../judge/memory.ts";
import { UNSEEN } from "../judge/memory.ts";
import type { Capacity } from "../model/haproxy.ts";

/** One line of the log: a sentence for a human, and its facts. */
export interface LogLine {
  readonly level: "info" | "warn" | "error";
  readonly msg: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** What a line needs of the lines before it: who led last, since when clients wait, how many sessions were ended. */
export interface LogContext {
  readonly leader?: { readonly node: string; readonly epoch: string };
  readonly interrupted?: number;
  readonly cut: number;
  /** Since when an endpoint has stayed closed. Infinity: that was logged. */
  readonly closedSince?: number;
}

/** A portal that starts beside a healthy cluster, and one that waits for a new cluster to form, are soon done. */
const STAYS_CLOSED_MS = 30_000;

/** Describes what changed between two verdicts. `cut`: sessions that HAProxy ended while the second was applied. */
export function describeChange(
  context: LogContext,
  before: Memory,
  after: Memory,
  cut: number,
  now: number,
): { readonly context: LogContext; readonly lines: readonly LogLine[] } {
  const sum = context.cut + cut;
  const interrupted =
    after.gate.kind === "open" ? context.interrupted : (context.interrupted ?? now);
  const leader = context.leader ?? leaderOf(before);
  const updated: LogContext = {
    cut: sum,
    ...(leader && { leader }),
    ...(interrupted !== undefined && { interrupted }),
  };
  const changed = nameOf(before.gate) !== nameOf(after.gate);
  const gateLines = changed ? [gateLine(updated, after, now)] : [];
  const changes = [
    ...gateLines,
    ...nodeLines(before.readers, after.readers, READS, cut),
    ...anyGateLines(before.anyGate, after.anyGate),
    ...nodeLines(before.members, after.members, SERVES, cut),
  ];
  const { closedSince, line } = stillClosed(context, before, after, now);
  const opened = changed ? leaderOf(after) : undefined;
  return {
    context: {
      ...(opened ? { leader: opened, cut: 0 } : updated),
      ...(closedSince !== undefined && { closedSince }),
    },
    lines: line ? [...changes, line] : changes,
  };
}

/** An endpoint that was closed before too has no change to log: its reason is logged after a while, once. */
function stillClosed(
  { closedSince }: LogContext,
  before: Memory,
  after: Memory,
  now: number,
): { readonly closedSince?: number; readonly line?: LogLine } {
  const gates: readonly (readonly [Gate | AnyGate, Gate | AnyGate])[] = [
    [before.gate, after.gate],
    [before.anyGate, after.anyGate],
  ];
  const closed = gates.find(
    ([was, is]) => was.kind === "closed" && is.kind === "closed" && is.why !== UNSEEN,
  );
  if (closed === undefined) return {};
  const since = closedSince ?? now;
  if (now - since < STAYS_CLOSED_MS) return { closedSince: since };
  const [, { why }] = closed;
  const facts = { proof: why, alarm: true };
  return {
    closedSince: Number.POSITIVE_INFINITY,
    line: { level: "error", msg: `New connections are still refused: ${why}`, facts },
  };
}

function gateLine({ leader, interrupted, cut }: LogContext, after: Memory, now: number): LogLine {
  const { gate } = after;
  const heldMs = interrupted === undefined ? 0 : Math.round(now - interrupted);
  const facts = { oldLeader: leader?.node, epoch: epochOf(after), proof: gate.why, heldMs, cut };
  switch (gate.kind) {
    case "open": {
      const msg =
        leader?.node === gate.node
          ? `${gate.node} goes on as leader after ${heldMs} ms`
          : `New connections go to ${gate.node} instead of ${leader?.node ?? "nobody"}, after ${heldMs} ms, and ${cut} sessions that the portal had to cut`;
      return {
        level: "info",
        msg: `${msg}: ${gate.why}`,
        facts: { ...facts, newLeader: gate.node },
      };
    }
    case "held": {
      const sessions = gate.keep === undefined ? "old sessions are cut" : "old sessions stay";
      return { level: "warn", msg: `New connections wait, ${sessions}: ${gate.why}`, facts };
    }
    case "closed":
      return {
        level: "error",
        msg: `New connections are refused: ${gate.why}`,
        facts: { ...facts, alarm: true },
      };
  }
}

type Readers = Memory["readers"];

/** `cut`: sessions that were ended meanwhile, over all nodes. */
function nodeLines(
  before: Readers,
  after: Readers,
  phrases: typeof READS | typeof SERVES,
  cut: number,
) {
  return Object.entries(after).flatMap(([node, { kind }]): readonly LogLine[] => {
    const was = before[node]?.kind ?? "cut";
    if (was === kind) return [];
    const facts = { node, was, is: kind, ...(kind === "cut" && { cut }) };
    return [{ level: "info", msg: `${node} ${phrases[kind]}`, facts }];
  });
}

function anyGateLines(before: AnyGate, { kind, why }: AnyGate): readonly LogLine[] {
  if (before.kind === kind) return [];
  const facts = { proof: why };
  switch (kind) {
    case "open":
      return [{ level: "info", msg: `New connections are served: ${why}`, facts }];
    case "held":
      return [{ level: "warn", msg: `New connections wait: ${why}`, facts }];
    case "closed":
      return [
        {
          level: "error",
          msg: `New connections are refused: ${why}`,
          facts: { ...facts, alarm: true },
        },
      ];
  }
}

const SERVES = {
  ready: "gets new connections",
  drain: "gets no new connections, those it has go on",
  cut: "gets no connections, those it had are cut",
} as const;

const READS = {
  ready: "serves reads",
  drain: "gets no new readers, those it has go on",
  cut: "serves no reads, its readers are cut",
} as const;

/** The gate's state without its reason. */
export function nameOf(gate: Gate): string {
  const node = gate.kind === "open" ? gate.node : gate.keep;
  return node === undefined ? gate.kind : `${gate.kind} ${node}`;
}

function leaderOf(memory: Memory): LogContext["leader"] {
  const { gate } = memory;
  return gate.kind === "open" ? { node: gate.node, epoch: epochOf(memory) } : undefined;
}

function epochOf({ lineage }: Memory): string {
  return lineage.highest?.epoch.join(".") ?? "none";
}

/** By name: what had no room left when it was last looked at. */
export type Full = ReadonlySet<string>;

/** What was full counts so until a tenth is free, so that coming and going clients don't fill the log. */
const FREE_AGAIN = 0.9;

/** Describes what has become full, and what has room again. Neither HAProxy nor the waiting client would say why it waits. */
export function describeOccupancy(
  before: Full,
  capacities: readonly Capacity[],
): { readonly full: Full; readonly lines: readonly LogLine[] } {
  const full = capacities.filter(({ name, used, limit }) =>
    before.has(name) ? used > limit * FREE_AGAIN : used >= limit,
  );
  // An endpoint that is held has no capacity to report.
  const unlisted = [...before].filter(
    (name) => !capacities.some((capacity) => capacity.name === name),
  );
  const names = new Set([...unlisted, ...full.map(({ name }) => name)]);
  const lines = capacities.flatMap(({ name, used, limit }): readonly LogLine[] => {
    if (before.has(name) === names.has(name)) return [];
    const facts = { room: name, used, limit };
    if (!names.has(name)) return [{ level: "info", msg: `${name} has room again`, facts }];
    const msg = `${name} is full: ${used} of ${limit} connections; further clients wait, or are refused`;
    return [{ level: "error", msg, facts: { ...facts, alarm: true } }];
  });
  return { full: names, lines };
}
