import type { View } from "../judge/view.ts";
import { essenceOf, newsOf } from "./changes.ts";
import type { ObserverArgs } from "./observer.ts";
import type { Term } from "./pace.ts";
import { isEarly, nextTerm } from "./pace.ts";

/** The least that an observer knows: since when this process has run without a gap. */
export interface Known {
  /** What wasn't asked in the gap is no silence of anybody else's. Milliseconds of the observer's monotonic clock. */
  readonly awakeSince: number;
}

export interface KnowledgeArgs<K extends Known>
  extends Pick<ObserverArgs, "clock" | "onChange" | "log"> {
  /** All that the view is made of, as plain data, before anything was heard. */
  readonly initial: K;
  /** Pure. */
  readonly viewOf: (known: K, now: number) => View;
  /** The quorum names another leader, or the same one anew. */
  readonly onTerm: (holder: string) => void;
  /** This process slept: whatever it knows is old. */
  readonly onAwake: () => void;
}

/** All that has been observed, and the one place where it changes. */
export interface Knowledge<K extends Known> {
  view(now: number): View;
  /** The view that was last told. */
  told(): View;
  term(): Term | undefined;
  known(): K;
  change(next: (before: K) => K): void;
  /** Looks at what the passing of time alone has changed. Call it often. */
  look(): void;
  stop(): void;
}

/** A gap between two looks that is longer than this was this process's own sleep. */
const ASLEEP_MS = 600;

export function createKnowledge<K extends Known>(args: KnowledgeArgs<K>): Knowledge<K> {
  const { initial, viewOf, clock, onChange, onTerm, onAwake, log } = args;
  let known = initial;
  let told = viewOf(known, clock());
  let essence = essenceOf(told);
  let term: Term | undefined;
  let lookedAt = clock();
  let stopped = false;

  const wakeUp = (now: number): void => {
    const slept = now - lookedAt > ASLEEP_MS;
    lookedAt = now;
    if (!slept) return;
    log.warn("the agent did not run for a while: nothing that it knew is proof any more");
    known = { ...known, awakeSince: now };
    onAwake();
  };

  const look = (): void => {
    if (stopped) return;
    const now = clock();
    wakeUp(now);
    const view = viewOf(known, now);
    for (const sentence of newsOf(told, view)) log.info(sentence);
    const newEssence = essenceOf(view);
    const matters = newEssence !== essence || isEarly(view, term);
    told = view;
    essence = newEssence;
    if (matters) onChange();
    const before = term;
    // Only now: a word counts in a term if it was asked for after the term was told.
    term = nextTerm(before, view, clock());
    if (view.quorum.kind === "leader" && term?.epoch !== before?.epoch) onTerm(view.quorum.node);
  };

  return {
    view(now) {
      if (!stopped) wakeUp(now);
      return viewOf(known, now);
    },
    told: () => told,
    term: () => term,
    known: () => known,
    change(next) {
      known = next(known);
      look();
    },
    look,
    stop() {
      stopped = true;
    },
  };
}
