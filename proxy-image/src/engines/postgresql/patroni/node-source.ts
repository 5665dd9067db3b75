import type { PortalDocument } from "../../../contract.ts";
import { afterAnswer, afterMiss } from "../../../observe/heard.ts";
import type { Credentials } from "../../../observe/identity.ts";
import { paceOf } from "../../../observe/pace.ts";
import { watch as watchLine } from "../../../observe/watch.ts";
import { watchPort } from "../server/port-watch.ts";
import type { Knowledge } from "./knowledge.ts";
import type { NodeObservation } from "./observations.ts";
import { createRestLine } from "./rest-line.ts";

export interface NodeSource {
  askNow(): void;
  /** Looks whether PostgreSQL's own port is to be asked. Call it often. */
  check(): void;
  refresh(credentials: Credentials): void;
  stop(): void;
}

export interface NodeSourceArgs {
  readonly name: string;
  readonly node: PortalDocument["nodes"][string];
  /** Port of Patroni's REST interface. */
  readonly restPort: number;
  readonly credentials: Credentials;
  readonly clock: () => number;
  readonly knowledge: Knowledge;
}

/** Without an answer for this long, PostgreSQL's own port is asked beside Patroni. */
const SUSPECT_MS = 100;

/** Asks one node: Patroni for its word, and PostgreSQL for a sign of life. */
export function createNodeSource(args: NodeSourceArgs): NodeSource {
  const { name, node, restPort, credentials, clock, knowledge } = args;
  const line = createRestLine({
    name,
    address: node.address,
    port: restPort,
    credentials,
    onDropped: () => watch.askNow(),
  });
  const watch = watchLine({
    line,
    clock,
    pace: () => paceOf(name, knowledge.told(), knowledge.term(), clock()),
    onAnswer: (answer) => knowledge.changeNode(name, (before) => afterAnswer(before, answer)),
    onMiss: (miss) => knowledge.changeNode(name, (before) => afterMiss(before, miss, clock())),
  });
  const port = watchPort({
    ...node,
    mayHold: () => mayHold(knowledge.node(name)),
    isSuspect: () => isSuspect(knowledge.node(name), watch.waitingSince(), clock()),
    onClosed(why) {
      knowledge.changeNode(name, (before) => ({ ...before, closed: { at: clock(), why } }));
      watch.askNow();
    },
    onProbed: (kind, why) =>
      knowledge.changeNode(name, (before) => ({ ...before, probe: { kind, at: clock(), why } })),
  });
  return {
    askNow: watch.askNow,
    check: port.check,
    refresh: line.refresh,
    stop() {
      watch.stop();
      port.stop();
    },
  };
}

/** Only its manager knows whether a server that closed its connections is up again. */
function mayHold(node: NodeObservation | undefined): boolean {
  const { closed, answer } = node ?? {};
  const stopped = answer?.said.kind === "status" && answer.said.status.state !== "running";
  const unexplained = closed !== undefined && closed.at > (answer?.askedAt ?? 0);
  return !stopped && !unexplained;
}

function isSuspect(
  node: NodeObservation | undefined,
  waitingSince: number | undefined,
  now: number,
): boolean {
  if (!node) return false;
  const { closed, answer, misses } = node;
  const unexplained = closed !== undefined && closed.at > (answer?.askedAt ?? 0);
  const waiting = waitingSince !== undefined && now - waitingSince > SUSPECT_MS;
  return misses !== undefined || unexplained || waiting;
}
