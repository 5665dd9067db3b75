// The latest answers of sources, and for how long they count. Pure.

import type { NodeView, Role, View } from "../model/view.ts";
import { portUnknown } from "../model/view.ts";
import type { Exchanged } from "./source-client.ts";

/** The latest answer of one source, and how often it has been silent since. Times are the observer's monotonic milliseconds. */
export interface SourceState<T> {
  readonly answer?: Answer<T>;
  /** Questions in a row that got no answer. */
  readonly misses?: Misses;
}

export interface Misses {
  readonly count: number;
  /** When it was first found silent. */
  readonly since: number;
  /** Of the last one. `closed`: the other side refused or closed. */
  readonly kind: Miss["kind"];
  readonly why: string;
}

/** A question that got no answer. */
export type Miss = Exclude<Exchanged<never>, { kind: "answer" }>;

export interface Answer<T> {
  /** When the question was sent: whatever the answer says was true after that. */
  readonly askedAt: number;
  readonly content: T;
}

/** Misses after which a source is taken for silent. */
const MISSES = 2;
/** An answer counts for this long, even if no question has failed since. */
const ANSWER_FRESH_MS = 1200;

export function afterMiss<Before extends SourceState<unknown>>(
  before: Before,
  { kind, why }: Miss,
  now: number,
): Before {
  const count = (before.misses?.count ?? 0) + 1;
  const since = count <= MISSES ? now : (before.misses?.since ?? now);
  return { ...before, misses: { count, since, kind, why } };
}

export function afterAnswer<T, Before extends SourceState<T>>(
  before: Before,
  answer: Answer<T>,
): Before {
  // Answers to questions that were under way together may overtake each other.
  if (before.answer && before.answer.askedAt > answer.askedAt) return before;
  const { misses: _, ...rest } = before;
  return { ...rest, answer } as Before;
}

/** The answer that counts at `now`, or since when the source is silent. `awakeSince`: nobody was asked just before. */
export function answerAt<T>(
  { answer, misses }: SourceState<T>,
  awakeSince: number,
  now: number,
): AnswerOrSilence<T> {
  if (misses && misses.count >= MISSES) {
    return { kind: "silent", since: misses.since, why: misses.why };
  }
  const countsFrom = Math.max(answer?.askedAt ?? Number.NEGATIVE_INFINITY, awakeSince);
  if (answer && now - countsFrom <= ANSWER_FRESH_MS) {
    return { kind: "answer", at: answer.askedAt, content: answer.content };
  }
  const why = misses?.why ?? (answer ? "gave no newer answer" : "has not answered yet");
  return { kind: "silent", since: Math.min(now, countsFrom + ANSWER_FRESH_MS), why };
}

export type AnswerOrSilence<T> =
  | { readonly kind: "answer"; readonly at: number; readonly content: T }
  | { readonly kind: "silent"; readonly since: number; readonly why: string };

/** The state of every source, by the source's name. */
export interface Polled<T> {
  readonly awakeSince: number;
  readonly sources: Readonly<Record<string, SourceState<T>>>;
}

/**
 * The view of an engine in which nobody leads: every node that serves, serves everybody. `roleOf` judges what a node has answered, `protocol`
 * is named where a node is silent.
 */
export function leaderlessView<T>(
  { awakeSince, sources }: Polled<T>,
  now: number,
  roleOf: (content: T, at: number, name: string) => Role,
  protocol?: string,
): View {
  const nodes = Object.entries(sources).map(([name, source]): [string, NodeView] => {
    const current = answerAt(source, awakeSince, now);
    if (current.kind === "answer")
      return [name, { role: roleOf(current.content, current.at, name), port: portUnknown }];
    const why = protocol === undefined ? current.why : `${protocol} ${current.why}`;
    return [name, { role: { ...current, why }, port: portUnknown }];
  });
  return {
    quorum: { kind: "leaderless", at: now },
    nodes: Object.fromEntries(nodes),
    paused: false,
  };
}
