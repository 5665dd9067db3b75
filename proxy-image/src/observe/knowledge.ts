// All that has been observed, and what of a change is news.

import type { NodeView, View } from "../model/view.ts";
import type { ObserverArgs } from "./observer.ts";
import type { Term } from "./watch.ts";
import { isEarly, nextTerm } from "./watch.ts";

/** The least that an observer knows: since when this process has run without a gap. */
export interface Known {
  /** What wasn't asked in the gap is no silence of anybody else's. Milliseconds of the observer's monotonic clock. */
  readonly awakeSince: number;
}

export interface KnowledgeArgs<K extends Known>
  extends Pick<ObserverArgs, "clock" | "onChange" | "log"> {
  /** All that the view is made of, as plain data, before the first answer. */
  readonly initial: K;
  /** Pure. */
  readonly viewOf: (known: K, now: number) => View;
  /** The quorum names another leader, or the same one anew. */
  readonly onTerm: (holder: string) => void;
  /** This process slept: whatever it knows is old. */
  readonly onAwake: () => void;
}

/** All that has been observed. Nothing else changes it. */
export interface Knowledge<K extends Known> {
  view(now: number): View;
  /** The view as it was at the last look. */
  lastView(): View;
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
  let lastView = viewOf(known, clock());
  let essence = essenceOf(lastView);
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
    for (const sentence of newsOf(lastView, view)) log.info(sentence);
    const newEssence = essenceOf(view);
    const matters = newEssence !== essence || isEarly(view, term);
    lastView = view;
    essence = newEssence;
    if (matters) onChange();
    const before = term;
    // Only now: a role counts in a term if it was asked for after the term was known.
    term = nextTerm(before, view, clock());
    if (view.quorum.kind === "leader" && term?.epoch !== before?.epoch) onTerm(view.quorum.node);
  };

  return {
    view(now) {
      if (!stopped) wakeUp(now);
      return viewOf(known, now);
    },
    lastView: () => lastView,
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

/** What of a view can change a verdict, as text to compare: not the times, not how far behind a replica is. */
function essenceOf({ quorum, nodes, leaving, paused }: View): string {
  return JSON.stringify([
    quorum.kind,
    quorum.kind === "leader" && [quorum.node, quorum.epoch],
    "incarnation" in quorum && quorum.incarnation,
    leaving !== undefined,
    paused,
    Object.entries(nodes).map(([name, { role, port, incarnation }]) => [
      name,
      role.kind,
      role.kind === "leader" && role.failsafe,
      role.kind === "replica" && role.streaming,
      // A sign of death counts once, and anew when it comes again.
      port.kind === "closed" ? port.at : port.kind,
      incarnation,
    ]),
  ]);
}

/** What is new, as sentences for people. */
function newsOf(before: View, after: View): readonly string[] {
  const was = quorumSentence(before);
  const is = quorumSentence(after);
  const news = was === is ? [] : [is];
  if (before.paused !== after.paused) {
    news.push(after.paused ? "the cluster is paused" : "the cluster is no longer paused");
  }
  if (after.leaving && !before.leaving) news.push(after.leaving.why);
  for (const [name, node] of Object.entries(after.nodes)) {
    const sentence = roleSentence(node);
    const previous = before.nodes[name];
    if (!previous || roleSentence(previous) !== sentence) news.push(`${name} ${sentence}`);
    if (node.port.kind === "closed" && previous?.port.kind !== "closed") {
      news.push(`${name}: ${node.port.why}`);
    }
  }
  return news;
}

function quorumSentence({ quorum }: View): string {
  switch (quorum.kind) {
    case "leader":
      return `the quorum names ${quorum.node} in epoch ${quorum.epoch.join(".")}`;
    case "none":
      return `the quorum names no leader: ${quorum.why}`;
    case "leaderless":
      return "the engine has no leader";
    case "conflict":
      return `the quorum contradicts itself: ${quorum.why}`;
    case "unknown":
      return "the quorum is not known";
  }
}

function roleSentence({ role }: NodeView): string {
  switch (role.kind) {
    case "leader":
      return role.failsafe ? "leads by the fail-safe rule" : "leads";
    case "replica":
      return role.streaming ? "is a replica" : "is a replica that receives nothing";
    case "serving":
      return "serves";
    case "neither":
      return role.why;
    case "silent":
      return "is silent";
  }
}
