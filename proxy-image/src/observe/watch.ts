// Asks one source again and again, and says how often.

import type { View } from "../model/view.ts";
import type { Exchanged, SourceClient } from "./source-client.ts";
import type { Answer, Miss } from "./source-state.ts";

export interface WatchArgs<T> {
  readonly client: SourceClient<T>;
  readonly clock: () => number;
  /** Asked before every question: what is known changes the pace. */
  readonly pace: () => Pace;
  readonly onAnswer: (answer: Answer<T>) => void;
  readonly onMiss: (miss: Miss) => void;
}

export interface Watch {
  /** Asks without waiting for the interval to end, or as soon as a question that is on its way has ended. */
  askNow(): void;
  /** When the oldest question that is still without an answer was sent. */
  waitingSince(): number | undefined;
  stop(): void;
}

/** A source has this much time between two questions, however urgent. */
const LEAST_MS = 4;

/** A deadline that rings this late rang in a process that slept: it proves nothing about the source. */
const OVERSLEPT_MS = 250;

/** Asks one source again and again. */
export function watch<T>({ client, clock, pace, onAnswer, onMiss }: WatchArgs<T>): Watch {
  const waiting = new Set<number>();
  let timer: NodeJS.Timeout | undefined;
  let due = false;
  let missed = false;
  let stopped = false;

  const later = (delayMs: number): void => {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(poll, delayMs);
  };

  const poll = (): void => {
    const { deadlineMs, everyMs, ...asked } = pace();
    const depth = client.setDepth ? asked.depth : 1;
    client.setDepth?.(depth);
    due = waiting.size >= depth;
    if (!due) void ask(deadlineMs);
    later(everyMs);
  };

  const ask = async (deadlineMs: number): Promise<void> => {
    const askedAt = clock();
    waiting.add(askedAt);
    const result = await client.ask(deadlineMs);
    waiting.delete(askedAt);
    if (stopped) return;
    report(askedAt, deadlineMs, result);
    if (due) later(LEAST_MS);
  };

  const report = (askedAt: number, deadlineMs: number, result: Exchanged<T>): void => {
    if (result.kind === "answer") {
      missed = false;
      onAnswer({ askedAt, content: result.answer });
    } else if (clock() - askedAt > deadlineMs + OVERSLEPT_MS) {
      due = true;
    } else {
      // The second question follows the first miss at once, so that silence is known early.
      due ||= !missed;
      missed = true;
      onMiss(result);
    }
  };

  poll();
  return {
    askNow() {
      if (!stopped) poll();
    },
    waitingSince: () => waiting.values().next().value,
    stop() {
      stopped = true;
      clearTimeout(timer);
      client.stop();
    },
  };
}

/** How often a node is asked, and how long an answer may take. */
export interface Pace {
  readonly everyMs: number;
  readonly deadlineMs: number;
  /** How many questions may be under way, and how many connections are made in advance. */
  readonly depth: number;
}

/** A leader's term, as the quorum names it. */
export interface Term {
  readonly epoch: string;
  /** Since when whoever judges knows of it. */
  readonly knownAt: number;
  /** True once the holder has said that it leads, asked for it in this term. */
  readonly confirmed: boolean;
}

const HOLDER: Pace = { everyMs: 250, deadlineMs: 300, depth: 1 };
const OTHER: Pace = { everyMs: 500, deadlineMs: 300, depth: 1 };
/** A promotion takes about 100 ms from the key to the first write, and each millisecond after it is ours. */
const HURRY: Pace = { everyMs: 10, deadlineMs: 300, depth: 2 };
/** A holder that does not lead: it hands over, or recovers, or can't. */
const EXPECTED: Pace = { everyMs: 100, deadlineMs: 300, depth: 1 };

/** A node that serves whoever is sent to it: frozen, it is known within 750 ms, the second question included. */
const MEMBER: Pace = { everyMs: 250, deadlineMs: 250, depth: 1 };

const HURRY_MS = 5000;

/** A role counts in a term only when it was asked for after whoever judges knew of the term: this allows for its delay. */
const KNOWN_MS = 20;

/** How often to ask a node, given what is known. Pure. */
export function paceOf(name: string, view: View, term: Term | undefined, now: number): Pace {
  if (view.quorum.kind === "leaderless") return MEMBER;
  const isHolder = view.quorum.kind === "leader" && view.quorum.node === name;
  if (!isHolder || !term) return OTHER;
  const role = view.nodes[name]?.role.kind;
  const isNew = !term.confirmed && now - term.knownAt < HURRY_MS;
  if (isNew && role !== "silent") return HURRY;
  return role === "neither" || role === "replica" ? EXPECTED : HOLDER;
}

/** The term that the view shows, given the one before. */
export function nextTerm(before: Term | undefined, view: View, now: number): Term | undefined {
  const { quorum } = view;
  if (quorum.kind !== "leader") return undefined;
  const epoch = `${quorum.node} ${quorum.epoch.join(".")}`;
  if (before?.epoch !== epoch) return { epoch, knownAt: now, confirmed: false };
  const role = view.nodes[quorum.node]?.role;
  const confirmed = role?.kind === "leader" && role.at >= before.knownAt + KNOWN_MS;
  return confirmed ? { ...before, confirmed: true } : before;
}

/** True when the holder says that it leads, but perhaps too early to count in its term. */
export function isEarly({ quorum, nodes }: View, term: Term | undefined): boolean {
  const holder = quorum.kind === "leader" ? nodes[quorum.node] : undefined;
  return holder?.role.kind === "leader" && term?.confirmed === false;
}
