import type { Access, ClientForm } from "./client-form.ts";
import { saveTrustStore } from "./client-form.ts";
import { elasticsearch } from "./elasticsearch/clients.ts";
import { mongodb } from "./mongodb/clients.ts";
import { mysql } from "./mysql/clients.ts";
import { postgresql } from "./postgresql/clients.ts";
import { rabbitmq } from "./rabbitmq/clients.ts";
import { redis } from "./redis/clients.ts";
import { rethinkdb } from "./rethinkdb/clients.ts";
import { scylladb } from "./scylladb/clients.ts";
import type { Engine } from "./table.ts";

/** How every client of every engine connects: outputs, `npx portico connect`, docs/clients.md and the tests take it from here. */
export const clients: Readonly<Record<Engine, readonly ClientForm[]>> = {
  postgresql,
  redis,
  mysql,
  rabbitmq,
  mongodb,
  elasticsearch,
  scylladb,
  rethinkdb,
};

/** Seconds beyond the portal's hold that a client goes on waiting. */
const LONGER_THAN_A_HOLD = 10;

export const patienceOf = (hold: number): number => hold + LONGER_THAN_A_HOLD;

/** By client, what to paste. */
export function formsOf(engine: Engine, access: Access): Readonly<Record<string, string>> {
  return Object.fromEntries(clients[engine].map(({ client, form }) => [client, form(access)]));
}

/** For engines of which a client in Java reads no PEM: the line that makes the file it reads. */
export function trustStoreFor(
  engine: Engine,
  caFile: string,
): { readonly saveTrustStore?: string } {
  const needed = clients[engine].some(({ trustStore }) => trustStore === true);
  return needed ? { saveTrustStore: saveTrustStore(caFile) } : {};
}
