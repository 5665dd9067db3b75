import type { Knowledge as Generic, KnowledgeArgs } from "../../../observe/knowledge.ts";
import { createKnowledge as createGeneric } from "../../../observe/knowledge.ts";
import type { NodeObservation, Observations, QuorumObservation } from "./observations.ts";
import { viewOf } from "./view-of.ts";

type Args = Omit<KnowledgeArgs<Observations>, "initial" | "viewOf"> & {
  readonly scope: string;
  readonly nodes: readonly string[];
};

/** What is known of a cluster under Patroni. */
export interface Knowledge extends Generic<Observations> {
  node(name: string): NodeObservation | undefined;
  changeNode(name: string, change: (before: NodeObservation) => NodeObservation): void;
  changeQuorum(change: (before: QuorumObservation) => QuorumObservation): void;
}

export function createKnowledge({ scope, nodes, ...args }: Args): Knowledge {
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
