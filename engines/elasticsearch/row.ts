import type { EngineRow } from "../row.ts";
import type { Connection } from "../uri.ts";
import { hostList } from "../uri.ts";
import { clients } from "./clients.ts";

const PORTS = { http: 9200, transport: 9300 } as const;

export const elasticsearch: EngineRow = {
  title: "Elasticsearch",
  versions: ["7.17"],
  endpoints: () => [{ name: "any", group: "any", port: PORTS.http, route: "any" }],
  usual: ["any"],
  tls: "portal",
  server: PORTS.http,
  flows: [
    { from: "portals", port: PORTS.http, what: "clients' requests" },
    { from: "nodes", port: PORTS.transport, what: "the cluster's members" },
  ],
  evidence: (cluster) => ({ kind: "elasticsearch", cluster, http: PORTS.http }),
  options: ["user"],
  downloads: true,
  memory: { least: 768, usual: 1024 },
  passwords: ["app"],
  logins: {},
  taken: { users: ["elastic", "portal"], databases: [] },
  uri: httpsUri,
  manyHosts: false,
  passwordFile: {
    name: "curl.conf",
    text: (user, password) => `user = "${user}:${password}"\n`,
  },
  command: (uri, { ca, password }) =>
    `curl --config "${password}" --cacert "${ca}" "${uri.replace(/\/\/[^@/]*@/, "//")}/_cat/nodes?v"`,
  clients,
};

/** What clients take as a node. They get the authority by an option of their own, and must not ask for other nodes. */
function httpsUri({ hosts, user, password }: Connection): string {
  const [who, secret] = [user, password].map(encodeURIComponent);
  return `https://${who}:${secret}@${hostList(hosts)}`;
}
