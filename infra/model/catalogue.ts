/** What the product knows about an engine before it runs: one row an engine. */
export const catalogue = {
  postgresql: {
    version: "17",
    /** In this order the local target gives out ports. */
    endpoints: [
      { name: "primary", port: 5432, route: "primary" },
      { name: "replica", port: 5433, route: "replica" },
    ],
    status: 8404,
    /** Ports of a node, all private. */
    node: { server: 5432, patroni: 8008, etcd: 2379, etcdPeer: 2380 },
    /** Names that the cluster itself needs, so that no deployment may use them for its own user or database. */
    taken: {
      users: ["postgres", "replicator", "rewind_user"],
      databases: ["postgres", "template0", "template1"],
    },
  },
} as const;

export type Engine = keyof typeof catalogue;

export const engines: readonly Engine[] = ["postgresql"];
