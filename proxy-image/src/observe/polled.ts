import type { PortalDocument } from "../contract.ts";
import type { View } from "../model/view.ts";
import type { Heard, Polled } from "./heard.ts";
import { afterAnswer, afterMiss } from "./heard.ts";
import { createKnowledge } from "./knowledge.ts";
import type { Line } from "./line.ts";
import type { Identity, Observer, ObserverArgs } from "./observer.ts";
import type { Pace, Watch } from "./watch.ts";
import { paceOf, watch } from "./watch.ts";

export interface PolledArgs<Said> extends Pick<ObserverArgs, "clock" | "onChange" | "log"> {
  /**
   * One line a source. `askNow` asks it at once: for what is pushed, and for a connection that broke. A source that bears a
   * node's name is asked at that node's pace, any other at the pace of nodes that don't lead.
   */
  readonly lines: Readonly<Record<string, (askNow: () => void) => Line<Said>>>;
  /** What the sources say at `now`, in the terms of any engine. Pure. */
  readonly viewOf: (polled: Polled<Said>, now: number) => View;
  /** How often a source is asked, where the usual pace won't do. */
  readonly pace?: (source: string, usual: Pace) => Pace;
  /** A renewed identity, for lines that use one. */
  readonly refresh?: (identity: Identity) => void;
}

/** What differs between engines whose nodes each answer one question for themselves. */
export interface NodesArgs<Said> extends Pick<PolledArgs<Said>, "viewOf" | "pace"> {
  /** `identity` is to be asked for each connection: it may have been renewed. */
  readonly line: (node: PolledNode, askNow: () => void, identity: () => Identity) => Line<Said>;
}

export type PolledNode = PortalDocument["nodes"][string] & { readonly name: string };

/** An observer that asks every node of the document, each over a line of its own. */
export function observeNodes<Said>(
  { document, clock, onChange, log, ...args }: ObserverArgs,
  { line, ...engine }: NodesArgs<Said>,
): Observer {
  let { identity } = args;
  const lines = Object.entries(document.nodes).map(([name, node]) => [
    name,
    (askNow: () => void) => line({ name, ...node }, askNow, () => identity),
  ]);
  return observePolled<Said>({
    ...{ clock, onChange, log },
    ...engine,
    lines: Object.fromEntries(lines),
    refresh(renewed) {
      identity = renewed;
    },
  });
}

/** How often the passing of time alone is looked at. */
const TICK_MS = 100;

/** An observer of sources that each answer one question, asked again and again. */
export function observePolled<Said>(args: PolledArgs<Said>): Observer {
  const {
    lines,
    viewOf,
    clock,
    onChange,
    log,
    refresh = () => {},
    pace = (_, usual) => usual,
  } = args;
  const watches = new Map<string, Watch>();
  const askAll = (): void => {
    for (const { askNow } of watches.values()) askNow();
  };
  const knowledge = createKnowledge<Polled<Said>>({
    initial: {
      awakeSince: clock(),
      heard: Object.fromEntries(Object.keys(lines).map((name) => [name, {}])),
    },
    viewOf,
    clock,
    onChange,
    log,
    onTerm: askAll,
    onAwake: askAll,
  });
  const change = (name: string, next: (before: Heard<Said>) => Heard<Said>): void =>
    knowledge.change((known) => ({
      ...known,
      heard: { ...known.heard, [name]: next(known.heard[name] ?? {}) },
    }));
  for (const [name, open] of Object.entries(lines)) {
    const watching = watch<Said>({
      line: open(() => watches.get(name)?.askNow()),
      clock,
      pace: () => pace(name, paceOf(name, knowledge.told(), knowledge.term(), clock())),
      onAnswer: (answer) => change(name, (before) => afterAnswer(before, answer)),
      onMiss: (miss) => change(name, (before) => afterMiss(before, miss, clock())),
    });
    watches.set(name, watching);
  }
  const tick = setInterval(knowledge.look, TICK_MS);
  return {
    view: knowledge.view,
    refreshIdentity: refresh,
    stop() {
      clearInterval(tick);
      knowledge.stop();
      for (const watching of watches.values()) watching.stop();
    },
  };
}
