import { elasticsearch } from "./engines/elasticsearch.ts";
import { mongodb } from "./engines/mongodb.ts";
import { postgresql } from "./engines/postgresql.ts";
import { rabbitmq } from "./engines/rabbitmq.ts";
import type { EndpointRow, EngineRow } from "./engines/row.ts";
import type { Deployment } from "./stack.ts";

/** Every engine: one row each. */
const ROWS = {
  postgresql,
  mongodb,
  rabbitmq,
  elasticsearch,
} as const;

export type Engine = keyof typeof ROWS;

export const catalogue: Readonly<Record<Engine, EngineRow>> = ROWS;

export const engines = Object.keys(ROWS) as readonly Engine[];

/** The port of every portal's status page. */
export const STATUS = 8404;

type Asked = Pick<Deployment, "name" | "engine" | "nodes" | "endpoints">;

export function nodeNames({ name, nodes }: Pick<Deployment, "name" | "nodes">): readonly string[] {
  return Array.from({ length: nodes }, (_, index) => `${name}-${index + 1}`);
}

/** The endpoints that a deployment has. */
export function endpointsOf(deployment: Asked): readonly EndpointRow[] {
  return catalogue[deployment.engine]
    .endpoints(nodeNames(deployment))
    .filter(({ group }) => deployment.endpoints.includes(group));
}

/**
 * The ports of a portal in the order in which they are given out: all that the engine can have, so that none moves when an
 * endpoint is asked for or left out, and the status page last.
 */
export function portsOf(
  deployment: Asked,
): readonly { readonly name: string; readonly port: number }[] {
  const all = catalogue[deployment.engine].endpoints(nodeNames(deployment));
  return [...all, { name: "status", port: STATUS }];
}
