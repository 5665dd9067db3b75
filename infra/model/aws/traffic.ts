import { catalogue, type Engine } from "../catalogue.ts";

/** What machines of a deployment say to each other: who may open a connection to whom, at which TCP port. */
export interface Flow {
  readonly from: "portals" | "nodes";
  readonly to: "nodes";
  readonly port: number;
  readonly what: string;
}

export function flowsOf(engine: Engine): readonly Flow[] {
  const { server, patroni, etcd, etcdPeer } = catalogue[engine].node;
  const flow = (from: Flow["from"], port: number, what: string): Flow => ({
    from,
    to: "nodes",
    port,
    what,
  });
  return [
    flow("portals", server, "clients' sessions"),
    flow("portals", patroni, "what a node says of itself"),
    flow("portals", etcd, "what the quorum says"),
    flow("nodes", server, "replication"),
    flow("nodes", patroni, "Patroni"),
    flow("nodes", etcd, "etcd's clients"),
    flow("nodes", etcdPeer, "etcd's members"),
  ];
}
