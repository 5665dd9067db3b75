import type { PortalDocument } from "../../contract.ts";
import type { PatroniEvidence } from "../../evidence.ts";
import type { View } from "../../model/view.ts";
import type { Engine, RoleCheck, RoleCheckArgs } from "../../observe/engine.ts";
import type { Knowledge as Generic, KnowledgeArgs } from "../../observe/knowledge.ts";
import { createKnowledge as createGeneric } from "../../observe/knowledge.ts";
import type { Credentials, Identity, Observer, ObserverArgs } from "../../observe/observer.ts";
import { credentialsOf } from "../../observe/observer.ts";
import { afterAnswer, afterMiss } from "../../observe/source-state.ts";
import type { Pace } from "../../observe/watch.ts";
import { paceOf, watch as watchLine } from "../../observe/watch.ts";
import { listenToBeats } from "./beats.ts";
import { watchPort } from "./port-watch.ts";
import { watchQuorum } from "./quorum-watch.ts";
import { createRestClient } from "./rest-client.ts";
import type { NodeObservation, Observations, QuorumObservation } from "./view.ts";
import { afterQuorumAnswer, viewOf } from "./view.ts";

export const postgresql: Engine = {
  observe: observePatroni,
  roleCheck: patroniCheck,
  // Two portals, PostgreSQL's own limit of 100, some of them reserved.
  limits: { sessions: 45, idle: "24h" },
};

/** The role that each node's Patroni reports, over its REST interface. */
function patroniCheck({ document, route, identity }: RoleCheckArgs): RoleCheck {
  const { patroni } = document.evidence as PatroniEvidence;
  const roles = route === "primary" ? "primary|master" : "primary|master|replica";
  return {
    backend: [
      "http-check expect status 200",
      `http-check expect rstring '"state": ?"running"'`,
      `http-check expect rstring '"role": ?"(${roles})"'`,
    ],
    sparing: {
      path: "/patroni",
      answer: '{"state":"running","role":"primary"}',
      servers: `ssl verify required ca-file ${identity}/ca.crt crt ${identity}/client.crt`,
      port: patroni,
    },
  };
}

/** How often the passing of time alone is looked at. */
const TICK_MS = 100;

/** How often etcd's quorum is asked. Its members' streams tell of each change. */
const EVERY_MS = 500;
const CALM_MS = 1000;

/** The leader that the quorum names says so itself. */
function isCalm({ quorum, nodes, leaving, paused }: View): boolean {
  const holder = quorum.kind === "leader" ? nodes[quorum.node] : undefined;
  return holder?.role.kind === "leader" && !holder.role.failsafe && !leaving && !paused;
}

/** Observes a PostgreSQL cluster that Patroni manages with etcd. */
function observePatroni(args: ObserverArgs): Observer {
  const { document, identity, clock, onChange, log } = args;
  const { scope, patroni: restPort, etcd } = document.evidence as PatroniEvidence;
  const nodes = Object.entries(document.nodes);
  const sources = new Map<string, NodeSource>();

  const knowledge = createKnowledge({
    scope,
    nodes: nodes.map(([name]) => name),
    clock,
    onChange,
    log,
    onTerm: (holder) => sources.get(holder)?.askNow(),
    onAwake() {
      quorum.readNow();
      for (const source of sources.values()) source.askNow();
    },
  });

  const credentials = restCredentials(identity);
  for (const [name, node] of nodes) {
    const source = createNodeSource({ name, node, restPort, credentials, clock, knowledge });
    sources.set(name, source);
  }

  const quorum = watchQuorum({
    scope,
    members: nodes.map(([name, { address }]) => ({ name, address, port: etcd })),
    identity,
    clock,
    everyMs: () => (isCalm(knowledge.lastView()) ? CALM_MS : EVERY_MS),
    onAnswer: (answer) => knowledge.changeQuorum((before) => afterQuorumAnswer(before, answer)),
    onFailure: (failure) => knowledge.changeQuorum((before) => ({ ...before, failure })),
    onWatchLost: (member, why) => log.debug(`the stream of changes from ${member} ended: ${why}`),
  });

  let ticks = 0;
  const tick = setInterval(() => {
    if (++ticks % 2 === 0) knowledge.look();
    for (const source of sources.values()) source.check();
  }, TICK_MS);

  return {
    view: knowledge.view,
    refreshIdentity(renewed) {
      const usable = restCredentials(renewed);
      if (usable.kind === "unusable") {
        log.warn(`${usable.why}; the one before stays in use`);
        return;
      }
      for (const source of sources.values()) source.refresh(usable);
      quorum.refresh(renewed);
    },
    stop() {
      clearInterval(tick);
      knowledge.stop();
      quorum.stop();
      for (const source of sources.values()) source.stop();
    },
  };
}

/**
 * TLS 1.3 sends session tickets after the handshake, and while they are not acknowledged, 40 ms long, Nagle's algorithm in
 * Patroni's server holds its answer back. TLS 1.2 sends none.
 */
function restCredentials(identity: Identity): Credentials {
  return credentialsOf(identity, "TLSv1.2");
}

type Args = Omit<KnowledgeArgs<Observations>, "initial" | "viewOf"> & {
  readonly scope: string;
  readonly nodes: readonly string[];
};

/** What is known of a cluster under Patroni. */
interface Knowledge extends Generic<Observations> {
  node(name: string): NodeObservation | undefined;
  changeNode(name: string, change: (before: NodeObservation) => NodeObservation): void;
  changeQuorum(change: (before: QuorumObservation) => QuorumObservation): void;
}

function createKnowledge({ scope, nodes, ...args }: Args): Knowledge {
  const initial: Observations = {
    scope,
    awakeSince: args.clock(),
    quorum: {},
    nodes: Object.fromEntries(nodes.map((name) => [name, {}])),
  };
  const knowledge = createGeneric({ ...args, initial, viewOf });
  return {
    ...knowledge,
    node: (name) => knowledge.known().nodes[name],
    changeNode: (name, change) =>
      knowledge.change((known) => {
        const before = known.nodes[name];
        if (!before) return known;
        return { ...known, nodes: { ...known.nodes, [name]: change(before) } };
      }),
    changeQuorum: (change) =>
      knowledge.change((known) => ({ ...known, quorum: change(known.quorum) })),
  };
}

interface NodeSource {
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

/** Without an answer for this long, or when a beat is late by so much, PostgreSQL's own port is asked beside Patroni. */
const SUSPECT_MS = 100;

/** How often a node is asked that tells by itself when something changes: all but a replica's lag. */
const RESTING_MS = 750;
/** In more of a hurry than this, a node is asked all the same. */
const UNHURRIED_MS = 250;

/** Asks one node: Patroni for its status, and PostgreSQL for a sign of life. */
function createNodeSource(args: NodeSourceArgs): NodeSource {
  const { name, node, restPort, credentials, clock, knowledge } = args;
  const client = createRestClient({
    name,
    address: node.address,
    port: restPort,
    credentials,
    onDropped: () => watch.askNow(),
  });
  const beats = listenToBeats({
    ...{ name, address: node.address, port: restPort, credentials, clock },
    onNews: () => watch.askNow(),
    onOverdue(why) {
      const miss = { kind: "silent", why } as const;
      knowledge.changeNode(name, (before) => afterMiss(before, miss, clock()));
      watch.askNow();
      port.check();
    },
  });
  /** Where it says itself that all is as it was, a node is asked for what it doesn't tell: a replica's lag. */
  const isAtRest = ({ everyMs }: Pace): boolean => {
    const known = knowledge.node(name);
    const told =
      beats.live() && known?.answer !== undefined && !isSuspect(known, undefined, clock());
    return told && everyMs >= UNHURRIED_MS;
  };
  const watch = watchLine({
    client,
    clock,
    pace() {
      const pace = paceOf(name, knowledge.lastView(), knowledge.term(), clock());
      return isAtRest(pace) ? { ...pace, everyMs: RESTING_MS } : pace;
    },
    onAnswer: (answer) => knowledge.changeNode(name, (before) => afterAnswer(before, answer)),
    onMiss: (miss) => knowledge.changeNode(name, (before) => afterMiss(before, miss, clock())),
  });
  const port = watchPort({
    ...node,
    mayHold: () => mayHold(knowledge.node(name)),
    isSuspect: () =>
      beats.isLate(SUSPECT_MS) || isSuspect(knowledge.node(name), watch.waitingSince(), clock()),
    onClosed(why) {
      knowledge.changeNode(name, (before) => ({ ...before, closed: { at: clock(), why } }));
      watch.askNow();
    },
    onProbed: (kind, why) =>
      knowledge.changeNode(name, (before) => ({ ...before, probe: { kind, at: clock(), why } })),
  });
  return {
    askNow: watch.askNow,
    check() {
      beats.check();
      port.check();
    },
    refresh(renewed) {
      client.refresh(renewed);
      beats.refresh(renewed);
    },
    stop() {
      watch.stop();
      beats.stop();
      port.stop();
    },
  };
}

/** Only its manager knows whether a server that closed its connections is up again. */
function mayHold(node: NodeObservation | undefined): boolean {
  const { closed, answer } = node ?? {};
  const stopped = answer?.content.kind === "status" && answer.content.status.state !== "running";
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
