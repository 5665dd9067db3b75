import type { Connection } from "../uri.ts";
import { hostList, pathOf } from "../uri.ts";
import type { EngineRow } from "./row.ts";

const PORTS = { amqps: 5671, amqp: 5672, epmd: 4369, distribution: 25672 } as const;

export const rabbitmq: EngineRow = {
  versions: ["4.0"],
  endpoints: () => [{ name: "any", group: "any", port: PORTS.amqps, route: "any" }],
  usual: ["any"],
  tls: "portal",
  server: PORTS.amqp,
  flows: [
    { from: "portals", port: PORTS.amqp, what: "clients' sessions" },
    { from: "nodes", port: PORTS.epmd, what: "where Erlang's nodes find each other" },
    { from: "nodes", port: PORTS.distribution, what: "the cluster's members" },
  ],
  evidence: (cluster) => ({ kind: "amqp", cluster, amqp: PORTS.amqp }),
  options: ["database", "user"],
  memory: { least: 384, usual: 512 },
  passwords: ["app", "cookie"],
  logins: {},
  taken: { users: ["guest"], databases: [] },
  uri: amqpsUri,
  manyHosts: false,
  // amqp-tools take no parameters in a URI.
  command: (uri, caFile) =>
    `amqp-declare-queue --url="${uri.split("?")[0]}" --cacert="${caFile}" --durable --queue=hello`,
};

/**
 * A URI that every client takes. `cacertfile` and `verify` are RabbitMQ's own parameters, which clients that don't know them
 * pass over: those get the authority by their own option. The database is the virtual host.
 */
function amqpsUri({ hosts, user, password, database, caFile }: Connection): string {
  const [who, secret, what] = [user, password, database].map(encodeURIComponent);
  const options = `cacertfile=${pathOf(caFile)}&verify=verify_peer`;
  return `amqps://${who}:${secret}@${hostList(hosts)}/${what}?${options}`;
}
