import { performance } from "node:perf_hooks";

import type { Peers } from "./peers.ts";
import type { Entry, QuorumLog } from "./quorum-log.ts";

/**
 * A small quorum for stand-ins of engines whose servers can't be had here: Raft's elections and its log (Ongaro, Ousterhout 2014,
 * figure 2), without snapshots and changes of members. No proof of anything about the engine that it stands in for.
 */
export interface Quorum {
  state(): State;
  /** What a majority has, in order. */
  committed(): readonly unknown[];
  /** Resolves once a majority has it. Rejects where this member doesn't lead, or stops leading meanwhile. */
  append(value: unknown): Promise<void>;
  /** Hands over to a member that has everything. */
  stepDown(): void;
  receive(message: unknown): void;
  stop(): void;
}

export interface State {
  readonly term: number;
  readonly leads: boolean;
  readonly leader: string | undefined;
}

export interface QuorumArgs {
  readonly name: string;
  readonly others: readonly string[];
  readonly log: QuorumLog;
  readonly peers: Pick<Peers, "send">;
  readonly onChange: () => void;
}

type Message =
  | { kind: "vote?"; from: string; term: number; lastIndex: number; lastTerm: number }
  | { kind: "vote"; from: string; term: number; granted: boolean }
  | {
      kind: "append";
      from: string;
      term: number;
      previous: number;
      previousTerm: number;
      entries: readonly Entry[];
      commit: number;
    }
  | { kind: "appended"; from: string; term: number; good: boolean; matched: number }
  | { kind: "lead now"; from: string; term: number }
  | { kind: "step down" };

type Answer = Extract<Message, { kind: "lead now" | "appended" | "vote" }>;

const HEARTBEAT_MS = 100;
const ELECTION_MS = 1000;
/** A leader that no majority has answered for this long leads nobody. */
const LEASE_MS = 2000;
const MOST_ENTRIES = 500;

export function createQuorum({ name, others, log, peers, onChange }: QuorumArgs): Quorum {
  const majority = Math.floor((others.length + 1) / 2) + 1;
  let role: "follower" | "candidate" | "leader" = "follower";
  let leader: string | undefined;
  let commit = 0;
  let votes = new Set<string>();
  let leaderSeenAt = performance.now();
  let patience = ELECTION_MS * (1 + Math.random());
  const matched = new Map<string, number>();
  const answeredAt = new Map<string, number>();
  const waiting = new Map<number, { done: () => void; failed: (error: Error) => void }>();

  const lastTerm = () => log.entries().at(-1)?.term ?? 0;

  const become = (next: typeof role, node: string | undefined): void => {
    const changed = role !== next || leader !== node;
    role = next;
    leader = node;
    if (next !== "leader") {
      for (const { failed } of waiting.values()) failed(new Error("this member leads no longer"));
      waiting.clear();
    }
    if (changed) onChange();
  };

  const follow = (term: number, node: string | undefined): void => {
    log.saveVote(term, term === log.term() ? log.vote() : null);
    become("follower", node);
  };

  const campaign = (): void => {
    log.saveVote(log.term() + 1, name);
    votes = new Set([name]);
    leaderSeenAt = performance.now();
    patience = ELECTION_MS * (1 + Math.random());
    become("candidate", undefined);
    const ask = { lastIndex: log.entries().length, lastTerm: lastTerm() };
    for (const to of others)
      peers.send(to, { kind: "vote?", from: name, term: log.term(), ...ask });
    if (votes.size >= majority) lead();
  };

  const lead = (): void => {
    const now = performance.now();
    for (const other of others) {
      matched.set(other, 0);
      answeredAt.set(other, now);
    }
    become("leader", name);
    // An entry of its own term: only with it is what came before committed.
    log.put(log.entries().length, [{ term: log.term(), value: null }]);
    replicate();
  };

  const replicate = (): void => {
    for (const to of others) append(to, matched.get(to) ?? 0);
    settle();
  };

  const append = (to: string, previous: number): void => {
    const entries = log.entries();
    peers.send(to, {
      kind: "append",
      from: name,
      term: log.term(),
      previous,
      previousTerm: entries[previous - 1]?.term ?? 0,
      entries: entries.slice(previous, previous + MOST_ENTRIES),
      commit,
    });
  };

  const settle = (): void => {
    const counts = [log.entries().length, ...matched.values()].sort((a, b) => b - a);
    const reached = counts[majority - 1] ?? 0;
    if (reached <= commit || log.entries()[reached - 1]?.term !== log.term()) return;
    commit = reached;
    for (const [index, { done }] of waiting) {
      if (index > commit) continue;
      waiting.delete(index);
      done();
    }
  };

  const onVoteAsked = (asked: Extract<Message, { kind: "vote?" }>): void => {
    // A member that hears its leader doesn't help to unseat it.
    const content = role === "leader" || performance.now() - leaderSeenAt < ELECTION_MS / 2;
    if (asked.term > log.term() && !(content && leader !== undefined && leader !== asked.from))
      follow(asked.term, undefined);
    const upToDate =
      asked.lastTerm > lastTerm() ||
      (asked.lastTerm === lastTerm() && asked.lastIndex >= log.entries().length);
    const free = log.vote() === null || log.vote() === asked.from;
    const granted = asked.term === log.term() && upToDate && free && role === "follower";
    if (granted) {
      log.saveVote(asked.term, asked.from);
      leaderSeenAt = performance.now();
    }
    peers.send(asked.from, { kind: "vote", from: name, term: log.term(), granted });
  };

  const onAppend = (message: Extract<Message, { kind: "append" }>): void => {
    const { from, term, previous, previousTerm, entries } = message;
    const answer = (good: boolean, upTo: number): void =>
      peers.send(from, { kind: "appended", from: name, term: log.term(), good, matched: upTo });
    if (term < log.term()) {
      answer(false, 0);
      return;
    }
    follow(term, from);
    leaderSeenAt = performance.now();
    const known = previous === 0 || log.entries()[previous - 1]?.term === previousTerm;
    if (!known) {
      answer(false, Math.max(0, Math.min(previous - 1, log.entries().length)));
      return;
    }
    const fresh = entries.findIndex(
      (entry, offset) => log.entries()[previous + offset]?.term !== entry.term,
    );
    if (fresh >= 0) log.put(previous + fresh, entries.slice(fresh));
    commit = Math.max(commit, Math.min(message.commit, previous + entries.length));
    answer(true, previous + entries.length);
  };

  const onAppended = ({
    from,
    good,
    matched: upTo,
  }: Extract<Message, { kind: "appended" }>): void => {
    answeredAt.set(from, performance.now());
    const before = matched.get(from) ?? 0;
    matched.set(from, good ? Math.max(before, upTo) : upTo);
    if (!good || upTo < log.entries().length) append(from, matched.get(from) ?? 0);
    settle();
  };

  const tick = setInterval(() => {
    const now = performance.now();
    if (role !== "leader") {
      if (now - leaderSeenAt > patience) campaign();
      return;
    }
    const present = [...answeredAt.values()].filter((at) => now - at < LEASE_MS).length + 1;
    if (present < majority) follow(log.term(), undefined);
    else replicate();
  }, HEARTBEAT_MS);

  const stepDown = (): void => {
    if (role !== "leader") return;
    const [heir] = [...matched].sort(([, a], [, b]) => b - a);
    if (heir === undefined || heir[1] < commit) return;
    const term = log.term();
    follow(term, undefined);
    leaderSeenAt = performance.now();
    peers.send(heir[0], { kind: "lead now", from: name, term });
  };

  const receive = (message: Message): void => {
    switch (message.kind) {
      case "step down":
        stepDown();
        break;
      case "vote?":
        onVoteAsked(message);
        break;
      default:
        if (message.term > log.term()) follow(message.term, undefined);
        if (message.kind === "append") onAppend(message);
        else if (message.term === log.term()) onAnswer(message);
    }
  };

  const onAnswer = (message: Answer): void => {
    if (message.kind === "lead now") campaign();
    if (message.kind === "appended" && role === "leader") onAppended(message);
    if (message.kind === "vote" && role === "candidate" && message.granted) {
      votes.add(message.from);
      if (votes.size >= majority) lead();
    }
  };

  return {
    state: () => ({ term: log.term(), leads: role === "leader", leader }),
    committed: () =>
      log
        .entries()
        .slice(0, commit)
        .map(({ value }) => value)
        .filter((value) => value !== null),
    append: (value) =>
      new Promise((done, failed) => {
        if (role !== "leader") return failed(new Error("this member doesn't lead"));
        log.put(log.entries().length, [{ term: log.term(), value }]);
        waiting.set(log.entries().length, { done, failed });
        replicate();
      }),
    stepDown,
    receive: (raw) => receive(raw as Message),
    stop: () => clearInterval(tick),
  };
}
