import type { CommandFiles, EngineRow } from "../row.ts";
import type { Connection } from "../uri.ts";
import { hostList, pathOf } from "../uri.ts";
import { clients } from "./clients.ts";
import { cqlshBy } from "./cqlsh.ts";

/** The shard-aware port, 19042, is in none of this: it means one shard by the client's own port, which no proxy keeps. */
const PORTS = { cql: 9042, storage: 7000 } as const;

/**
 * ScyllaDB. Its node image is a stand-in, Apache Cassandra 5.0, which speaks the same protocol: what is seen of it is no proof for
 * ScyllaDB's own server.
 */
export const scylladb: EngineRow = {
  title: "ScyllaDB and Cassandra",
  versions: ["cassandra-5.0"],
  standIn: "Apache Cassandra 5.0",
  endpoints: (nodes) =>
    nodes.map((node, index) => ({
      name: `node-${index + 1}`,
      group: "nodes",
      port: PORTS.cql + index,
      route: "node",
      node,
    })),
  usual: ["nodes"],
  tls: "portal",
  server: PORTS.cql,
  flows: [
    { from: "portals", port: PORTS.cql, what: "clients' sessions, and what a node says of itself" },
    { from: "nodes", port: PORTS.cql, what: "whether the ring is older than a new node" },
    { from: "nodes", port: PORTS.storage, what: "the ring" },
  ],
  evidence: (cluster) => ({ kind: "cql", port: PORTS.cql, cluster }),
  options: ["user"],
  memory: { least: 512, usual: 640 },
  passwords: ["admin", "app", "portal"],
  logins: { cql: { user: "portal", password: "portal" } },
  taken: { users: ["admin", "portal", "cassandra"], databases: [] },
  uri: cqlUri,
  // A driver learns of nodes, not of portals: where each of them is to be had says the address map.
  manyHosts: false,
  downloads: true,
  passwordFile: { name: "cqlsh", text: cqlshLogin },
  command: cqlshCommand,
  clients,
};

/** Names host, login and authority. Drivers take these one by one, cqlsh too. */
function cqlUri({ hosts, user, password, caFile }: Connection): string {
  const [who, secret] = [user, password].map(encodeURIComponent);
  return `cql://${who}:${secret}@${hostList(hosts)}?sslrootcert=${pathOf(caFile)}`;
}

function cqlshCommand(uri: string, { ca, password }: CommandFiles): string {
  const { hostname, port } = new URL(uri);
  return `${cqlshBy(`"${ca}"`)} --credentials="${password}" ${hostname} ${port}`;
}

/** Newer and older versions of cqlsh have other names for the same. */
function cqlshLogin(user: string, password: string): string {
  const login = `username = ${user}\npassword = ${password}\n`;
  return `[PlainTextAuthProvider]\n${login}\n[plain_text_auth]\n${login}`;
}
