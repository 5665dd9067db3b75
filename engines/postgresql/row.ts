import type { EngineRow } from "../row.ts";
import type { Connection } from "../uri.ts";
import { hostList, pathOf } from "../uri.ts";
import { clients } from "./clients.ts";

const PORTS = { server: 5432, patroni: 8008, etcd: 2379, etcdPeer: 2380 } as const;

/** Of PostgreSQL's `max_connections`: 3 that it reserves itself, Patroni's, and those of a person who looks what is wrong. */
const RESERVED = 10;

export const postgresql: EngineRow = {
  title: "PostgreSQL",
  versions: ["17"],
  endpoints: () => [
    { name: "primary", group: "primary", port: 5432, route: "primary" },
    { name: "replica", group: "replica", port: 5433, route: "replica" },
  ],
  usual: ["primary", "replica"],
  tls: "server",
  server: PORTS.server,
  flows: [
    { from: "portals", port: PORTS.server, what: "clients' sessions" },
    { from: "portals", port: PORTS.patroni, what: "what a node says of itself" },
    { from: "portals", port: PORTS.etcd, what: "what the quorum says" },
    { from: "nodes", port: PORTS.server, what: "replication" },
    { from: "nodes", port: PORTS.patroni, what: "Patroni" },
    { from: "nodes", port: PORTS.etcd, what: "etcd's clients" },
    { from: "nodes", port: PORTS.etcdPeer, what: "etcd's members" },
  ],
  evidence: (scope) => ({ kind: "patroni", scope, patroni: PORTS.patroni, etcd: PORTS.etcd }),
  options: ["durability", "database", "user", "maxLag"],
  memory: { least: 256, usual: 512 },
  sharesMemory: true,
  // The node's own rule: engines/postgresql/node-image/steward/patroni_config.py.
  connections: (memory) => (memory < 1024 ? 100 : 200) - RESERVED,
  passwords: [
    "superuser",
    "replication",
    "rewind",
    "app",
    "etcdRoot",
    "etcdPatroni",
    "etcdPortal",
    "restapi",
  ],
  logins: { etcd: { user: "portal", password: "etcdPortal" } },
  taken: {
    users: ["postgres", "replicator", "rewind_user"],
    databases: ["postgres", "template0", "template1"],
  },
  uri: postgresqlUri,
  manyHosts: true,
  // Any host and database: the file is the deployment's own.
  passwordFile: { name: "pgpass", text: (user, password) => `*:*:*:${user}:${password}\n` },
  command: (uri, { password }) => `psql "${uri}&passfile=${pathOf(password)}"`,
  clients,
};

/**
 * A URI that `psql` takes as it is. It names every portal, and libpq tries them in turn. Every parameter here is
 * one that other clients know as well: those that don't hand it on to the server as a setting. `connect_timeout` would give up a
 * portal that is holding the client until there is a leader.
 */
function postgresqlUri({ hosts, user, password, database, route, caFile }: Connection): string {
  const options = [
    `target_session_attrs=${route === "primary" ? "read-write" : "any"}`,
    "sslmode=verify-full",
    `sslrootcert=${pathOf(caFile)}`,
  ];
  const [who, secret, what] = [user, password, database].map(encodeURIComponent);
  return `postgresql://${who}:${secret}@${hostList(hosts)}/${what}?${options.join("&")}`;
}
