import type { PortalDocument } from "../../proxy-image/src/contract.ts";
import { judge } from "../../proxy-image/src/judge/judge.ts";
import type { Memory } from "../../proxy-image/src/judge/memory.ts";
import { blankMemory } from "../../proxy-image/src/judge/memory.ts";
import type { NodeView, Quorum, Role, View } from "../../proxy-image/src/model/view.ts";

/**
 * A topology scenario as data. What a step doesn't say stays as the step before left it; answers are as fresh as the
 * step, so silence has to be said.
 *
 * quorum: "a@5" (a leads in epoch 5), "a@5#x" (incarnation x), "none", "none#x", "unknown", "conflict", "leaderless",
 *   "leaderless#x"
 * roles: "leader", "failsafe", "replica", "replica:4096" (lag), "replica:unknown" (lag), "replica:cut-off", "serving", "stopping", "silent", any with "#x"
 * ports: "open", "closed", "silent", "unknown"
 * roles and ports may end with an age: "leader~50" was answered 50 ms before the step
 * expect: "open a", "held", "held a" (a's sessions live on), "closed", "closed a"; readers: what the read endpoint does.
 *   Where the document has an endpoint `any`: what that one does, "open", "held" or "closed"; members: its slots, but for those
 *   that are cut; gates: what the endpoints of one node each do, by node
 */
export interface Scenario {
  readonly title: string;
  readonly document?: Partial<PortalDocument>;
  readonly steps: readonly Step[];
}

interface Step {
  /** Milliseconds since the scenario's begin. */
  readonly at: number;
  readonly generation?: number;
  readonly quorum?: string;
  readonly roles?: Readonly<Record<string, string>>;
  readonly ports?: Readonly<Record<string, string>>;
  readonly leaving?: boolean;
  readonly paused?: boolean;
  readonly expect: string;
  readonly readers?: Readonly<Record<string, string>>;
  readonly members?: Readonly<Record<string, string>>;
  readonly gates?: Readonly<Record<string, string>>;
  /** A part of the reason that must be given. */
  readonly why?: string;
}

export interface Seen {
  readonly at: number;
  readonly expect: string;
  readonly readers?: Readonly<Record<string, string>>;
  readonly members?: Readonly<Record<string, string>>;
  readonly gates?: Readonly<Record<string, string>>;
  readonly why: string;
}

/** Plays a scenario and says what was seen at each step, as steps write what they expect. */
export function play({ document: changes, steps }: Scenario): readonly Seen[] {
  let memory: Memory | undefined;
  let answers: Required<Pick<Step, "quorum" | "roles" | "ports" | "leaving" | "paused">> = {
    quorum: "unknown",
    roles: { a: "silent", b: "silent", c: "silent" },
    ports: { a: "unknown", b: "unknown", c: "unknown" },
    leaving: false,
    paused: false,
  };
  let generation = 1;
  return steps.map((step) => {
    const { at } = step;
    generation = step.generation ?? generation;
    answers = {
      quorum: step.quorum ?? answers.quorum,
      roles: { ...answers.roles, ...step.roles },
      ports: { ...answers.ports, ...step.ports },
      leaving: step.leaving ?? answers.leaving,
      paused: step.paused ?? answers.paused,
    };
    const document = { ...DOCUMENT, ...changes, generation };
    const verdict = judge(document, memory ?? blankMemory(generation, at), viewOf(answers, at), at);
    memory = verdict.memory;
    return { at, ...seenIn(verdict, document, step) };
  });
}

type Verdict = ReturnType<typeof judge>;

function seenIn(
  { memory: { gate, anyGate }, endpoints }: Verdict,
  document: PortalDocument,
  step: Step,
): Omit<Seen, "at"> {
  const alive = (name: string) =>
    Object.fromEntries(
      Object.entries(endpoints[name]?.slots ?? {}).filter(([, slot]) => slot !== "cut"),
    );
  const gates = Object.entries(document.endpoints).flatMap(([name, { node }]) =>
    node === undefined ? [] : [[node, endpoints[name]?.gate ?? "none"]],
  );
  const node = gate.kind === "open" ? gate.node : gate.keep;
  const writes = node === undefined ? gate.kind : `${gate.kind} ${node}`;
  const spreads = "any" in document.endpoints;
  return {
    expect: spreads ? anyGate.kind : writes,
    ...(step.readers && { readers: alive("replica") }),
    ...(step.members && { members: alive("any") }),
    ...(step.gates && { gates: Object.fromEntries(gates) }),
    why: spreads ? anyGate.why : gate.why,
  };
}

export const DOCUMENT: PortalDocument = {
  contract: 1,
  deployment: "orders",
  engine: "postgresql",
  generation: 1,
  nodes: Object.fromEntries(
    ["a", "b", "c"].map((name, index) => [name, { address: `10.0.0.${index + 1}`, port: 5432 }]),
  ),
  evidence: { kind: "patroni", scope: "orders", patroni: 8008, etcd: 2379 },
  endpoints: {
    primary: { port: 5432, route: "primary" },
    replica: { port: 5433, route: "replica" },
  },
  status: 8404,
  maxLag: 1_000_000,
  timing: { hold: 30, silence: 10, drain: 60 },
  fallback: "role-check",
  open: false,
  whitelist: {},
};

export function viewOf(
  answers: Required<Pick<Step, "quorum" | "roles" | "ports" | "leaving" | "paused">>,
  at: number,
): View {
  const nodes = Object.entries(answers.roles).map(([name, role]): [string, NodeView] => {
    const [answer = "", age = "0"] = role.split("~");
    const [text = "", incarnation] = answer.split("#");
    const [kind = "", portAge = "0"] = (answers.ports[name] ?? "unknown").split("~");
    return [
      name,
      {
        role: roleOf(text, at - Number(age)),
        port: {
          kind: kind as NodeView["port"]["kind"],
          at: at - Number(portAge),
          why: `its port is ${kind}`,
        },
        ...(incarnation !== undefined && { incarnation }),
      },
    ];
  });
  return {
    quorum: quorumOf(answers.quorum, at),
    nodes: Object.fromEntries(nodes),
    ...(answers.leaving && { leaving: { why: "a switchover was asked for" } }),
    paused: answers.paused,
  };
}

function quorumOf(text: string, at: number): Quorum {
  const [claim = "", incarnation] = text.split("#");
  const known = incarnation === undefined ? {} : { incarnation };
  if (claim === "none")
    return { kind: "none", at, source: "etcd", why: "nobody holds the key", ...known };
  if (claim === "conflict") return { kind: "conflict", at, why: "two leaders" };
  if (claim === "leaderless") return { kind: "leaderless", at, ...known };
  if (claim === "unknown") return { kind: "unknown", why: "no quorum answer" };
  const [node = "", epoch = ""] = claim.split("@");
  return { kind: "leader", node, epoch: [Number(epoch)], at, source: "etcd", ...known };
}

function roleOf(text: string, at: number): Role {
  const [kind, detail] = text.split(":");
  if (kind === "leader") return { kind, at, failsafe: false };
  if (kind === "failsafe") return { kind: "leader", at, failsafe: true };
  if (kind === "serving") return { kind, at };
  if (kind === "silent") return { kind, since: at, why: "does not answer" };
  if (kind !== "replica") return { kind: "neither", at, why: `is ${kind}` };
  if (detail === "cut-off") return { kind, at, streaming: false };
  if (detail === "unknown") return { kind, at, streaming: true };
  return { kind, at, streaming: true, lag: Number(detail ?? 0) };
}
