import type { Credentials } from "../../../observe/identity.ts";
import { credentialsOf } from "../../../observe/identity.ts";
import type { Identity, Observer, ObserverArgs } from "../../../observe/observer.ts";
import type { PatroniEvidence } from "../evidence.ts";
import { createKnowledge } from "./knowledge.ts";
import type { NodeSource } from "./node-source.ts";
import { createNodeSource } from "./node-source.ts";
import { afterQuorumAnswer } from "./observations.ts";
import { watchQuorum } from "./quorum-watch.ts";

/** How often the passing of time alone is looked at. */
const TICK_MS = 100;

/** Observes a PostgreSQL cluster that Patroni manages with etcd. */
export function observePatroni(args: ObserverArgs): Observer {
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
    onAnswer: (answer) => knowledge.changeQuorum((before) => afterQuorumAnswer(before, answer)),
    onFailure: (failure) => knowledge.changeQuorum((before) => ({ ...before, failure })),
    onWatchLost: (member, why) => log.debug(`the stream of changes from ${member} ended: ${why}`),
  });

  const tick = setInterval(() => {
    knowledge.look();
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
