// Where the portal finds each engine's evidence of who serves, as a document says it. The contract reads this file, so it has nothing of the code that
// talks to nodes.

import { z } from "zod";

/** A TCP port in a document. */
export const Port = z.int().min(1, "must be 1 to 65535").max(65_535, "must be 1 to 65535");

export const PatroniEvidence = z.strictObject({
  kind: z.literal("patroni"),
  /** Patroni's scope: the keys are below `/service/<scope>/`. */
  scope: z.string().min(1),
  /** Port of Patroni's REST interface on every node. */
  patroni: Port,
  /** Port of etcd's client interface on every node. */
  etcd: Port,
});

export type PatroniEvidence = z.infer<typeof PatroniEvidence>;

export const GroupReplicationEvidence = z.strictObject({
  kind: z.literal("group-replication"),
  /** Port on every node at which its steward reports, over TLS with a peer certificate, which clients the node may get. */
  steward: Port,
});

export type GroupReplicationEvidence = z.infer<typeof GroupReplicationEvidence>;

export const SentinelEvidence = z.strictObject({
  kind: z.literal("sentinel"),
  /** The name by which the Sentinels watch this cluster's leader. */
  master: z.string().regex(/^[\w.-]+$/, "must be a name of letters, digits, dots and dashes"),
  /** Port of the Sentinel on every node. */
  sentinel: Port,
});

export type SentinelEvidence = z.infer<typeof SentinelEvidence>;

/** Every member is asked at the port where it serves clients. */
export const ReplicaSetEvidence = z.strictObject({
  kind: z.literal("replica-set"),
  /** The replica set's name. */
  set: z.string().min(1),
});

export type ReplicaSetEvidence = z.infer<typeof ReplicaSetEvidence>;

export const AmqpEvidence = z.strictObject({
  kind: z.literal("amqp"),
  /** The cluster's name, which every node sends to whoever connects. */
  cluster: z.string().min(1).max(255),
  /** Port of AMQP on every node. */
  amqp: Port,
});

export type AmqpEvidence = z.infer<typeof AmqpEvidence>;

export const ElasticsearchEvidence = z.strictObject({
  kind: z.literal("elasticsearch"),
  /** The cluster's name, which every node's health names. */
  cluster: z.string().min(1),
  /** Port of HTTP on every node. */
  http: Port,
});

export type ElasticsearchEvidence = z.infer<typeof ElasticsearchEvidence>;

export const CqlEvidence = z.strictObject({
  kind: z.literal("cql"),
  /** Port of CQL on every node. */
  port: Port,
  /** The name that every node of this ring gives its cluster. */
  cluster: z.string().min(1),
});

export type CqlEvidence = z.infer<typeof CqlEvidence>;

export const ReqlEvidence = z.strictObject({
  kind: z.literal("reql"),
  /** Port on which every node serves drivers. A node's server bears the node's name. */
  port: Port,
});

export type ReqlEvidence = z.infer<typeof ReqlEvidence>;

/** Where the portal finds each engine's evidence: one row per engine. Its names are the engines that a document may name. */
export const EVIDENCE = {
  elasticsearch: ElasticsearchEvidence,
  postgresql: PatroniEvidence,
  mongodb: ReplicaSetEvidence,
  redis: SentinelEvidence,
  mysql: GroupReplicationEvidence,
  scylladb: CqlEvidence,
  rabbitmq: AmqpEvidence,
  rethinkdb: ReqlEvidence,
} as const;

export type EngineName = keyof typeof EVIDENCE;

export const ENGINE_NAMES = Object.keys(EVIDENCE) as [EngineName, ...EngineName[]];
