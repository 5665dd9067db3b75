import type { PortalDocument } from "../contract.ts";
import type { View } from "../model/view.ts";
import { createKnowledge } from "./knowledge.ts";
import type { Identity, Observer, ObserverArgs } from "./observer.ts";
import type { SourceClient } from "./source-client.ts";
import type { Polled, SourceState } from "./source-state.ts";
import { afterAnswer, afterMiss } from "./source-state.ts";
import type { Pace, Watch } from "./watch.ts";
import { paceOf, watch } from "./watch.ts";

export interface PolledArgs<T> extends Pick<ObserverArgs, "clock" | "onChange" | "log"> {
  /**
   * One client per source. `askNow` asks at once: for what is pushed, and for a connection that broke. A source that bears a
   * node's name is asked at that node's pace, any other at the pace of nodes that don't lead.
   */
  readonly clients: Readonly<Record<string, (askNow: () => void) => SourceClient<T>>>;
  /** What the sources answer at `now`, in the terms of any engine. Pure. */
  readonly viewOf: (polled: Polled<T>, now: number) => View;
  /** How often a source is asked, where the usual pace won't do. */
  readonly pace?: (source: string, usual: Pace, lastView: View) => Pace;
  /** A renewed identity, for clients that use one. */
  readonly refresh?: (identity: Identity) => void;
}

/** What differs between engines whose nodes each answer one question for themselves. */
export interface NodesArgs<T> extends Pick<PolledArgs<T>, "viewOf" | "pace"> {
  /** `identity` is to be asked for each connection: it may have been renewed. */
  readonly client: (
    node: PolledNode,
    askNow: () => void,
    identity: () => Identity,
  ) => SourceClient<T>;
}

export type PolledNode = PortalDocument["nodes"][string] & { readonly name: string };

/** An observer that asks every node of the document, each by a client of its own. */
export function observeNodes<T>(
  { document, clock, onChange, log, ...args }: ObserverArgs,
  { client, ...engine }: NodesArgs<T>,
): Observer {
  let { identity } = args;
  const clients = Object.entries(document.nodes).map(([name, node]) => [
    name,
    (askNow: () => void) => client({ name, ...node }, askNow, () => identity),
  ]);
  return observePolled<T>({
    ...{ clock, onChange, log },
    ...engine,
    clients: Object.fromEntries(clients),
    refresh(renewed) {
      identity = renewed;
    },
  });
}

/** How often the passing of time alone is looked at. */
const TICK_MS = 100;

/** An observer of sources that each answer one question, asked again and again. */
export function observePolled<T>(args: PolledArgs<T>): Observer {
  const {
    clients,
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
  const knowledge = createKnowledge<Polled<T>>({
    initial: {
      awakeSince: clock(),
      sources: Object.fromEntries(Object.keys(clients).map((name) => [name, {}])),
    },
    viewOf,
    clock,
    onChange,
    log,
    onTerm: askAll,
    onAwake: askAll,
  });
  const change = (name: string, next: (before: SourceState<T>) => SourceState<T>): void =>
    knowledge.change((known) => ({
      ...known,
      sources: { ...known.sources, [name]: next(known.sources[name] ?? {}) },
    }));
  for (const [name, open] of Object.entries(clients)) {
    const watching = watch<T>({
      client: open(() => watches.get(name)?.askNow()),
      clock,
      pace: () => {
        const view = knowledge.lastView();
        return pace(name, paceOf(name, view, knowledge.term(), clock()), view);
      },
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
