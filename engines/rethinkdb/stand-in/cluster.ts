import { setTimeout as sleep } from "node:timers/promises";

import type { Peers } from "../../common/stand-in/peers.ts";
import type { Quorum } from "../../common/stand-in/quorum.ts";

/** A query that goes through the quorum. `id` is its own for ever: asked twice, it is done once. */
export interface Operation {
  readonly id: string;
  readonly user: string;
  readonly usual: string;
  readonly term: unknown;
  readonly writes: boolean;
}

export interface Cluster {
  /** Names of the servers that this one hears, its own included. */
  connected(): readonly string[];
  /** Has the leader do it, and gives its response; undefined where none answered in time. */
  submit(operation: Operation): Promise<object | undefined>;
  receive(message: unknown): void;
}

export interface ClusterArgs {
  readonly name: string;
  readonly others: readonly string[];
  readonly peers: Pick<Peers, "send">;
  readonly quorum: () => Quorum | undefined;
  /** Does a committed operation, in their order, and gives the response. */
  readonly perform: (operation: Operation) => object;
}

type Message =
  | { readonly kind: "here"; readonly from: string }
  | { readonly kind: "do"; readonly from: string; readonly operation: Operation }
  | { readonly kind: "done"; readonly id: string; readonly response: object }
  | { readonly kind: "of the quorum" };

const HERE_MS = 200;
/** A server that was silent for this long is not connected. RethinkDB's own is 10 s. */
const GONE_MS = 2000;
const ANSWER_MS = 1000;
const PATIENCE_MS = 10_000;

/** Hands what comes in at any server to whoever leads, and knows which servers are there. */
export function joinCluster({ name, others, peers, quorum, perform }: ClusterArgs): Cluster {
  const seenAt = new Map<string, number>();
  const waiting = new Map<string, (response: object) => void>();
  const done = new Map<string, object>();
  let applied = 0;

  setInterval(() => {
    for (const to of others) peers.send(to, { kind: "here", from: name });
  }, HERE_MS);

  const advance = (): void => {
    const committed = quorum()?.committed() ?? [];
    for (const value of committed.slice(applied)) {
      const operation = value as Operation;
      if (operation.writes && !done.has(operation.id)) done.set(operation.id, perform(operation));
    }
    applied = committed.length;
  };

  /** A read is appended too: what it sees is then no older than its question. */
  const lead = async (operation: Operation): Promise<object | undefined> => {
    const appended = quorum()?.append(operation);
    const isCommitted = await appended?.then(
      () => true,
      () => false,
    );
    if (!isCommitted) return undefined;
    advance();
    return done.get(operation.id) ?? perform(operation);
  };

  const ask = (leader: string, operation: Operation): Promise<object | undefined> =>
    new Promise((resolve) => {
      const settle = (response?: object): void => {
        clearTimeout(deadline);
        waiting.delete(operation.id);
        resolve(response);
      };
      const deadline = setTimeout(settle, ANSWER_MS);
      waiting.set(operation.id, settle);
      peers.send(leader, { kind: "do", from: name, operation });
    });

  return {
    connected: () => [
      name,
      ...others.filter((other) => performance.now() - (seenAt.get(other) ?? -GONE_MS) < GONE_MS),
    ],
    async submit(operation) {
      const deadline = performance.now() + PATIENCE_MS;
      while (performance.now() < deadline) {
        const leader = quorum()?.state().leader;
        const response = await (leader === name
          ? Promise.race([lead(operation), sleep(ANSWER_MS, undefined)])
          : leader && ask(leader, operation));
        if (response) return response;
        await sleep(50);
      }
      return undefined;
    },
    receive(raw) {
      const message = raw as Message;
      if (message.kind === "here") seenAt.set(message.from, performance.now());
      else if (message.kind === "done") waiting.get(message.id)?.(message.response);
      else if (message.kind === "do") {
        const { from, operation } = message;
        void lead(operation).then((response) => {
          if (response) peers.send(from, { kind: "done", id: operation.id, response });
        });
      } else quorum()?.receive(raw);
    },
  };
}
