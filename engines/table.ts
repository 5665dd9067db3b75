import type { PortalDocument } from "../proxy-image/src/contract.ts";
import { type Access, saveTrustStore } from "./client-form.ts";
import { elasticsearch } from "./elasticsearch/row.ts";
import { mongodb } from "./mongodb/row.ts";
import { mysql } from "./mysql/row.ts";
import { postgresql } from "./postgresql/row.ts";
import { rabbitmq } from "./rabbitmq/row.ts";
import { redis } from "./redis/row.ts";
import { rethinkdb } from "./rethinkdb/row.ts";
import type { EndpointRow, EngineRow } from "./row.ts";
import { scylladb } from "./scylladb/row.ts";

/** Every engine: one row each, in the order in which messages and docs name them. */
const ROWS = {
  postgresql,
  redis,
  mysql,
  rabbitmq,
  mongodb,
  elasticsearch,
  scylladb,
  rethinkdb,
} as const satisfies Readonly<Record<PortalDocument["engine"], EngineRow>>;

export type Engine = keyof typeof ROWS;

export const catalogue: Readonly<Record<Engine, EngineRow>> = ROWS;

export const engines = Object.keys(ROWS) as readonly Engine[];

/** The port of every portal's status page. */
export const STATUS = 8404;

/** The port of the SSH portal, where there is one: 22 may be the machine's own. */
export const SSH = 2222;

/** Of a deployment: what its names and ports follow from. */
interface Asked {
  readonly name: string;
  readonly engine: Engine;
  readonly nodes: number;
  readonly portals: number;
  /** Groups of endpoints. */
  readonly endpoints: readonly string[];
  readonly ssh?: unknown;
}

export function nodeNames({ name, nodes }: Pick<Asked, "name" | "nodes">): readonly string[] {
  return Array.from({ length: nodes }, (_, index) => `${name}-${index + 1}`);
}

export function portalNames({ name, portals }: Pick<Asked, "name" | "portals">): readonly string[] {
  return Array.from({ length: portals }, (_, index) => `${name}-portal-${index + 1}`);
}

/** The endpoints that a deployment has. */
export function endpointsOf(deployment: Omit<Asked, "portals">): readonly EndpointRow[] {
  return catalogue[deployment.engine]
    .endpoints(nodeNames(deployment))
    .filter(({ group }) => deployment.endpoints.includes(group));
}

/**
 * The ports of a portal in the order in which they are given out: all that the engine can have, so that none moves when an
 * endpoint is asked for or left out, then the status page, and last what a deployment may have or not.
 */
export function portsOf(
  deployment: Omit<Asked, "portals">,
): readonly { readonly name: string; readonly port: number }[] {
  const all = catalogue[deployment.engine].endpoints(nodeNames(deployment));
  return [
    ...all,
    { name: "status", port: STATUS },
    ...(deployment.ssh ? [{ name: "ssh", port: SSH }] : []),
  ];
}

/** By client, what to paste. */
export function formsOf(engine: Engine, access: Access): Readonly<Record<string, string>> {
  const { forms } = catalogue[engine].clients;
  return Object.fromEntries(forms.map(({ client, form }) => [client, form(access)]));
}

/** For engines of which a client in Java reads no PEM: the line that makes the file it reads. */
export function trustStoreFor(
  engine: Engine,
  caFile: string,
): { readonly saveTrustStore?: string } {
  const needed = catalogue[engine].clients.forms.some(({ trustStore }) => trustStore === true);
  return needed ? { saveTrustStore: saveTrustStore(caFile) } : {};
}
