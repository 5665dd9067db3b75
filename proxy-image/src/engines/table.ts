import type { PortalDocument } from "../contract.ts";
import type { Engine } from "../observe/engine.ts";
import type { Observer, ObserverArgs } from "../observe/observer.ts";
import { elasticsearch } from "./elasticsearch/engine.ts";
import { mongodb } from "./mongodb/engine.ts";
import { mysql } from "./mysql/engine.ts";
import { postgresql } from "./postgresql/engine.ts";
import { rabbitmq } from "./rabbitmq/engine.ts";
import { redis } from "./redis/engine.ts";
import { rethinkdb } from "./rethinkdb/engine.ts";
import { scylladb } from "./scylladb/engine.ts";

/** One row an engine. */
const ENGINES: Readonly<Record<PortalDocument["engine"], Engine>> = {
  elasticsearch,
  postgresql,
  mongodb,
  redis,
  mysql,
  scylladb,
  rabbitmq,
  rethinkdb,
};

export const engineOf = ({ engine }: Pick<PortalDocument, "engine">): Engine => ENGINES[engine];

/** Starts to ask all sources of a cluster, each at its own pace, until `stop`. */
export function createObserver(args: ObserverArgs): Observer {
  return engineOf(args.document).observe(args);
}
