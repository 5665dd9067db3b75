import type { EngineRow } from "../row.ts";
import { plainPassword } from "../row.ts";
import type { Connection } from "../uri.ts";
import { hostList, pathOf } from "../uri.ts";
import { clients } from "./clients.ts";

const SERVER = 27_017;

export const mongodb: EngineRow = {
  title: "MongoDB",
  versions: ["8.0"],
  standIn: "a program of our own (engines/mongodb/stand-in)",
  homeMade: {
    server: "mongodb/stand-in/main.ts",
    health: "mongodb/stand-in/health.ts",
    "step-down": "common/stand-in/step-down.ts",
  },
  endpoints: (nodes) => [
    { name: "primary", group: "primary", port: SERVER, route: "primary" },
    ...nodes.map((node, index) => ({
      name: `node-${index + 1}`,
      group: "nodes",
      port: SERVER + 1 + index,
      route: "node" as const,
      node,
    })),
  ],
  usual: ["primary"],
  tls: "portal",
  server: SERVER,
  flows: [
    { from: "portals", port: SERVER, what: "clients' sessions, and what a member says of the set" },
    { from: "nodes", port: SERVER, what: "replication and elections" },
    { from: "nodes", port: SERVER + 1, what: "the stand-in's own elections" },
  ],
  evidence: (set) => ({ kind: "replica-set", set }),
  options: ["database", "user"],
  memory: { least: 512, usual: 1024 },
  passwords: ["app", "members"],
  logins: {},
  taken: { users: ["__system"], databases: ["admin", "local", "config"] },
  uri: mongodbUri,
  manyHosts: false,
  passwordFile: plainPassword,
  // `mongosh` takes a password from nowhere but its command line and the keyboard.
  command: (uri, { password }) =>
    `mongosh --nodb --shell --eval 'db = connect("${uri}".replace("@", ":" + require("fs").readFileSync("${password}", "utf8") + "@"))'`,
  clients,
};

/**
 * `directConnection` keeps the driver from looking for members at their private addresses: the portal follows the primary. It
 * takes one host.
 */
function mongodbUri({ hosts, user, password, database, caFile }: Connection): string {
  const options = ["directConnection=true", "tls=true", `tlsCAFile=${pathOf(caFile)}`];
  const [who, secret, what] = [user, password, database].map(encodeURIComponent);
  return `mongodb://${who}:${secret}@${hostList(hosts)}/${what}?${options.join("&")}`;
}
