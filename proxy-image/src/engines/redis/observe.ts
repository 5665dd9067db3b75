import type { Observer, ObserverArgs } from "../../observe/observer.ts";
import { observePolled } from "../../observe/polled.ts";
import type { SentinelEvidence } from "./evidence.ts";
import { createRespLine } from "./line.ts";
import type { Said } from "./said.ts";
import { readSentinel, readServer, SERVER_QUESTION, sentinelQuestion } from "./said.ts";
import { hearSigns } from "./signs.ts";
import { sentinelOf, viewOf } from "./view-of.ts";

/** Sentinels answer in a fraction of a millisecond. */
const SENTINELS_MS = 250;

/** Observes servers that Sentinels watch: one on every node. */
export function observeSentinels({ document, clock, onChange, log }: ObserverArgs): Observer {
  const { master, sentinel } = document.evidence as SentinelEvidence;
  const nodes = Object.entries(document.nodes);
  const asks = new Set<() => void>();
  const sentinels = new Set(nodes.map(([name]) => sentinelOf(name)));
  const askAll = (): void => {
    for (const ask of asks) ask();
  };
  const lineOf =
    (args: Omit<Parameters<typeof createRespLine<Said>>[0], "onClosed">) =>
    (askNow: () => void) => {
      asks.add(askNow);
      return createRespLine<Said>({ ...args, onClosed: askNow });
    };
  const observer = observePolled<Said>({
    lines: Object.fromEntries(
      nodes.flatMap(([name, { address, port }]) => [
        [name, lineOf({ address, port, question: SERVER_QUESTION, read: readServer })],
        [
          sentinelOf(name),
          lineOf({
            ...{ address, port: sentinel, question: sentinelQuestion(master) },
            read: readSentinel,
          }),
        ],
      ]),
    ),
    viewOf: (polled, now) => viewOf(document.nodes, polled, now),
    pace: (source, usual) => (sentinels.has(source) ? { ...usual, everyMs: SENTINELS_MS } : usual),
    ...{ clock, onChange, log },
  });
  const signs = nodes.map(([, { address }]) =>
    hearSigns({ address, port: sentinel, master, onSign: askAll }),
  );
  return {
    ...observer,
    stop() {
      for (const each of signs) each.stop();
      observer.stop();
    },
  };
}
