import type { CommandFiles, EngineRow } from "../row.ts";
import type { Connection } from "../uri.ts";
import { hostList } from "../uri.ts";
import { clients } from "./clients.ts";

const PORTS = { server: 3306, group: 33061, steward: 33062 } as const;

/** Of MySQL's `max_connections`: the group's own, a new member's copy of the data, the portals' questions, and a person's. */
const RESERVED = 50;

export const mysql: EngineRow = {
  title: "MySQL",
  versions: ["9.7"],
  endpoints: () => [
    { name: "primary", group: "primary", port: 3306, route: "primary" },
    { name: "replica", group: "replica", port: 3307, route: "replica" },
  ],
  usual: ["primary", "replica"],
  tls: "server",
  // Group Replication takes the server's own certificate for what members say to each other, both ways.
  serverUses: ["server_auth", "client_auth"],
  server: PORTS.server,
  flows: [
    { from: "portals", port: PORTS.server, what: "clients' sessions, and what a node sees" },
    { from: "portals", port: PORTS.steward, what: "what a node says of itself" },
    { from: "nodes", port: PORTS.server, what: "a new member's data" },
    { from: "nodes", port: PORTS.group, what: "the group" },
    { from: "nodes", port: PORTS.steward, what: "who forms the group" },
  ],
  evidence: () => ({ kind: "group-replication", steward: PORTS.steward }),
  options: ["database", "user"],
  memory: { least: 640, usual: 704 },
  // The node's own rule: engines/mysql/node-image/steward/config.py.
  connections: () => 250 - RESERVED,
  passwords: ["replication", "app", "portal"],
  logins: { mysql: { user: "portal", password: "portal" } },
  longestUser: 32,
  taken: {
    users: ["root", "portal", "replication", "mysql"],
    databases: ["mysql", "sys", "performance_schema", "information_schema"],
  },
  uri: mysqlUri,
  manyHosts: false,
  passwordFile: {
    name: "my.cnf",
    text: (user, password) => `[client]\nuser="${user}"\npassword="${password}"\n`,
  },
  command: mysqlCommand,
  clients,
};

/** A URI that `mysql2` takes as it is. It knows no path of an authority, so the authority itself is in it. */
function mysqlUri({ hosts, user, password, database, ca }: Connection): string {
  const ssl = encodeURIComponent(JSON.stringify({ verifyIdentity: true, ca }));
  const [who, secret, what] = [user, password, database].map(encodeURIComponent);
  return `mysql://${who}:${secret}@${hostList(hosts)}/${what}?ssl=${ssl}`;
}

/** Read out of the URI: `mysql` takes none. */
function mysqlCommand(uri: string, files: CommandFiles): string {
  const { hostname, port, pathname } = new URL(uri);
  const options = [
    // The first option, or `mysql` doesn't know it.
    `--defaults-extra-file='${files.password}'`,
    `--host=${hostname}`,
    `--port=${port}`,
    "--ssl-mode=VERIFY_IDENTITY",
    `--ssl-ca='${files.ca}'`,
    decodeURIComponent(pathname.slice(1)),
  ];
  return `mysql ${options.join(" ")}`;
}
