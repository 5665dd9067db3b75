import type { CommandFiles, EngineRow } from "../row.ts";
import { plainPassword } from "../row.ts";
import type { Connection } from "../uri.ts";
import { hostList } from "../uri.ts";
import { clients } from "./clients.ts";

const PORTS = { driver: 28_015, cluster: 29_015 } as const;

export const rethinkdb: EngineRow = {
  title: "RethinkDB",
  versions: ["2.4"],
  standIn: "a program of our own (engines/rethinkdb/stand-in)",
  homeMade: {
    server: "rethinkdb/stand-in/main.ts",
    health: "rethinkdb/stand-in/health.ts",
  },
  endpoints: () => [{ name: "any", group: "any", port: PORTS.driver, route: "any" }],
  usual: ["any"],
  tls: "portal",
  server: PORTS.driver,
  flows: [
    { from: "portals", port: PORTS.driver, what: "clients' sessions, and what a server says" },
    { from: "nodes", port: PORTS.cluster, what: "the cluster's servers" },
  ],
  evidence: () => ({ kind: "reql", port: PORTS.driver }),
  options: ["database", "user"],
  memory: { least: 256, usual: 512 },
  passwords: ["app", "portal"],
  logins: { reql: { user: "portal", password: "portal" } },
  taken: { users: ["admin", "portal"], databases: ["rethinkdb"] },
  uri: rethinkdbUri,
  manyHosts: false,
  // There is no shell of RethinkDB's own: this is its Python driver.
  passwordFile: plainPassword,
  command: rethinkdbCommand,
  clients,
};

/** What the drivers for Python and Java take. The authority is an option beside it; other drivers take all of it as options. */
function rethinkdbUri({ hosts, user, password, database }: Connection): string {
  const [who, secret, what] = [user, password, database].map(encodeURIComponent);
  return `rethinkdb://${who}:${secret}@${hostList(hosts)}/${what}`;
}

function rethinkdbCommand(uri: string, { ca, password }: CommandFiles): string {
  const { hostname, port, username, pathname } = new URL(uri);
  const where = `"${hostname}", ${port}, "${pathname.slice(1)}", user="${username}"`;
  const how = `password=open("${password}").read(), ssl={"ca_certs": "${ca}"}`;
  return `python3 -c 'from rethinkdb import r; print(r.table_list().run(r.connect(${where}, ${how})))'`;
}
