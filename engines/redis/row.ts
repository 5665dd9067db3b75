import type { CommandFiles, EngineRow } from "../row.ts";
import { plainPassword } from "../row.ts";
import type { Connection } from "../uri.ts";
import { clients } from "./clients.ts";

const PORTS = { server: 6379, sentinel: 26_379 } as const;

export const redis: EngineRow = {
  title: "Redis",
  versions: ["8.1"],
  server: PORTS.server,
  servedBy: "Valkey",
  alsoCalled: ["valkey"],
  endpoints: () => [
    { name: "primary", group: "primary", port: 6379, route: "primary" },
    { name: "replica", group: "replica", port: 6380, route: "replica" },
  ],
  usual: ["primary", "replica"],
  tls: "portal",
  flows: [
    {
      from: "portals",
      port: PORTS.server,
      what: "clients' sessions, and what a node says of itself",
    },
    { from: "portals", port: PORTS.sentinel, what: "what the Sentinels say" },
    { from: "nodes", port: PORTS.server, what: "replication, and what Sentinels ask" },
    { from: "nodes", port: PORTS.sentinel, what: "Sentinels among each other" },
  ],
  evidence: (deployment) => ({ kind: "sentinel", master: deployment, sentinel: PORTS.sentinel }),
  // No durability: a write is acknowledged before any replica has it, unless the client itself waits (WAIT).
  options: ["user", "maxLag"],
  memory: { least: 256, usual: 256 },
  passwords: ["app", "replication", "sentinel", "operator"],
  logins: {},
  taken: { users: ["default", "operator", "probe", "replication", "sentinel"], databases: [] },
  uri: redisUri,
  manyHosts: false,
  passwordFile: plainPassword,
  command: redisCommand,
  clients,
};

/** A URI that redis-cli, valkey-cli and ioredis take as it is. Where the authority's certificate is, no option of it can say. */
function redisUri({ hosts: [first], user, password }: Connection): string {
  const [who, secret] = [user, password].map(encodeURIComponent);
  return `rediss://${who}:${secret}@${first?.host}:${first?.port}`;
}

/** Its environment is for nobody else to see. */
function redisCommand(uri: string, { ca, password }: CommandFiles): string {
  const { hostname, port, username } = new URL(uri);
  const options = [`--cacert "${ca}"`, `-h ${hostname}`, `-p ${port}`, `--user ${username}`];
  return `REDISCLI_AUTH="$(cat "${password}")" redis-cli --tls ${options.join(" ")}`;
}
