import { ElasticsearchEvidence } from "./elasticsearch/evidence.ts";
import { ReplicaSetEvidence } from "./mongodb/evidence.ts";
import { GroupReplicationEvidence } from "./mysql/evidence.ts";
import { PatroniEvidence } from "./postgresql/evidence.ts";
import { AmqpEvidence } from "./rabbitmq/evidence.ts";
import { SentinelEvidence } from "./redis/evidence.ts";
import { ReqlEvidence } from "./rethinkdb/evidence.ts";
import { CqlEvidence } from "./scylladb/evidence.ts";

/** Where each engine's evidence is to be had: one row an engine, and so the list of all that a document may name. */
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
