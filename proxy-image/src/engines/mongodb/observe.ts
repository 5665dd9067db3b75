import { connect } from "node:net";

import { createHeldLine } from "../../observe/held-line.ts";
import type { Line } from "../../observe/line.ts";
import type { Observer, ObserverArgs } from "../../observe/observer.ts";
import { observePolled } from "../../observe/polled.ts";
import { awaitChanges } from "./await-changes.ts";
import type { ReplicaSetEvidence } from "./evidence.ts";
import type { HelloReply } from "./hello.ts";
import { decodeHello, encodeHello } from "./hello.ts";
import { viewOf } from "./view-of.ts";

/** Observes a replica set: each member is asked again and again, and tells of its own accord what changes. */
export function observeReplicaSet(args: ObserverArgs): Observer {
  const { document, clock, onChange, log } = args;
  const { set } = document.evidence as ReplicaSetEvidence;
  const nodes = Object.entries(document.nodes);
  const hosts = Object.fromEntries(
    nodes.map(([name, { address, port }]) => [name, `${address}:${port}`]),
  );
  const lines = Object.fromEntries(
    nodes.map(([name, node]) => [name, (askNow: () => void) => memberLine(node, askNow)]),
  );
  return observePolled<HelloReply>({
    lines,
    viewOf: (polled, now) => viewOf({ set, hosts }, polled, now),
    clock,
    onChange,
    log,
  });
}

interface Place {
  readonly address: string;
  readonly port: number;
}

function memberLine({ address, port }: Place, askNow: () => void): Line<HelloReply> {
  const open = () => connect({ host: address, port });
  let requests = 0;
  const line = createHeldLine({
    open,
    request: () => encodeHello(++requests),
    decode: decodeHello,
    onClosed: askNow,
  });
  const changes = awaitChanges(open, askNow);
  return {
    ask: async (deadlineMs) => {
      const result = await line.ask(deadlineMs);
      if (result.kind === "answer" && result.answer.kind === "hello")
        changes.after(result.answer.hello.topologyVersion);
      return result;
    },
    stop() {
      line.stop();
      changes.stop();
    },
  };
}
