import type { CommandFiles, EngineRow } from "../row.ts";
import { plainPassword } from "../row.ts";
import type { Connection } from "../uri.ts";
import { hostList, pathOf } from "../uri.ts";
import { clients } from "./clients.ts";

const PORTS = { amqps: 5671, amqp: 5672, epmd: 4369, distribution: 25672 } as const;

export const rabbitmq: EngineRow = {
  title: "RabbitMQ",
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
  passwordFile: plainPassword,
  // amqp-tools find no address in a certificate: this is pika, the Python client.
  command: rabbitmqCommand,
  clients,
};

/**
 * `cacertfile` and `verify` are RabbitMQ's own parameters. Go's client verifies by them, pika refuses them, others pass over them
 * and get the authority by their own option: `engines/<engine>/clients.ts` has a form for each. The database is the virtual host.
 */
function amqpsUri({ hosts, user, password, database, caFile }: Connection): string {
  const [who, secret, what] = [user, password, database].map(encodeURIComponent);
  const options = `cacertfile=${pathOf(caFile)}&verify=verify_peer`;
  return `amqps://${who}:${secret}@${hostList(hosts)}/${what}?${options}`;
}

function rabbitmqCommand(uri: string, { ca, password }: CommandFiles): string {
  const { hostname, port, username, pathname } = new URL(uri);
  const login = `pika.PlainCredentials("${username}", open("${password}").read())`;
  const tls = `pika.SSLOptions(ssl.create_default_context(cafile="${ca}"), "${hostname}")`;
  const where = `"${hostname}", ${port}, "${decodeURIComponent(pathname.slice(1))}", ${login}, ssl_options=${tls}`;
  return `python3 -c 'import pika, ssl; c = pika.BlockingConnection(pika.ConnectionParameters(${where})); c.channel().queue_declare("hello", durable=True); print("hello is there")'`;
}
