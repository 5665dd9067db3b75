// What sources have said last, and for how long it counts. Pure.

import type { NodeView, View, Word } from "../model/view.ts";
import { portUnknown } from "../model/view.ts";
import type { Exchanged } from "./line.ts";

/** What one source has said last, and how often it has been silent since. Times are the observer's monotonic milliseconds. */
export interface Heard<Said> {
  readonly answer?: Answer<Said>;
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

export interface Answer<Said> {
  /** When the question was sent: whatever the answer says was true after that. */
  readonly askedAt: number;
  readonly said: Said;
}

/** Misses after which a source is taken for silent. */
const MISSES = 2;
/** An answer counts for this long, even if no question has failed since. */
const WORD_FRESH_MS = 1200;

export function afterMiss<Before extends Heard<unknown>>(
  before: Before,
  { kind, why }: Miss,
  now: number,
): Before {
  const count = (before.misses?.count ?? 0) + 1;
  const since = count <= MISSES ? now : (before.misses?.since ?? now);
  return { ...before, misses: { count, since, kind, why } };
}

export function afterAnswer<Said, Before extends Heard<Said>>(
  before: Before,
  answer: Answer<Said>,
): Before {
  // Answers to questions that were under way together may overtake each other.
  if (before.answer && before.answer.askedAt > answer.askedAt) return before;
  const { misses: _, ...rest } = before;
  return { ...rest, answer } as Before;
}

/** The answer that counts at `now`, or since when the source is silent. `awakeSince`: nobody was asked just before. */
export function hear<Said>(
  { answer, misses }: Heard<Said>,
  awakeSince: number,
  now: number,
): Heeded<Said> {
  if (misses && misses.count >= MISSES) {
    return { kind: "silent", since: misses.since, why: misses.why };
  }
  const heard = Math.max(answer?.askedAt ?? Number.NEGATIVE_INFINITY, awakeSince);
  if (answer && now - heard <= WORD_FRESH_MS) {
    return { kind: "answer", at: answer.askedAt, said: answer.said };
  }
  const why = misses?.why ?? (answer ? "gave no newer answer" : "has not answered yet");
  return { kind: "silent", since: Math.min(now, heard + WORD_FRESH_MS), why };
}

export type Heeded<Said> =
  | { readonly kind: "answer"; readonly at: number; readonly said: Said }
  | { readonly kind: "silent"; readonly since: number; readonly why: string };

/** What every source has said last, by the source's name. */
export interface Polled<Said> {
  readonly awakeSince: number;
  readonly heard: Readonly<Record<string, Heard<Said>>>;
}

/**
 * The view of an engine in which nobody leads: every node that serves, serves everybody. `wordOf` judges what a node has said, `protocol`
 * is named where a node is silent.
 */
export function leaderlessView<Said>(
  { awakeSince, heard }: Polled<Said>,
  now: number,
  wordOf: (said: Said, at: number, name: string) => Word,
  protocol?: string,
): View {
  const nodes = Object.entries(heard).map(([name, source]): [string, NodeView] => {
    const heeded = hear(source, awakeSince, now);
    if (heeded.kind === "answer")
      return [name, { word: wordOf(heeded.said, heeded.at, name), port: portUnknown }];
    const why = protocol === undefined ? heeded.why : `${protocol} ${heeded.why}`;
    return [name, { word: { ...heeded, why }, port: portUnknown }];
  });
  return {
    quorum: { kind: "leaderless", at: now },
    nodes: Object.fromEntries(nodes),
    paused: false,
  };
}
