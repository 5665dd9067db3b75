import type { Engine, RoleCheck, RoleCheckArgs } from "../engine.ts";
import type { ElasticsearchEvidence } from "./evidence.ts";
import { PATH } from "./health.ts";
import { observeElasticsearch } from "./observe.ts";

export const elasticsearch: Engine = {
  observe: observeElasticsearch,
  roleCheck: healthCheck,
  // Elasticsearch has no limit of its own, and never ends an idle connection.
  limits: { sessions: 1000, idle: "24h" },
  // The whole head of a request: two ends of a line, as lenient as the server is. It takes 12 KiB, HAProxy's buffer has room for more.
  opening: String.raw`req.payload(0,0) -m sub "\n\r\n" "\n\n"`,
};

/** Whether a node answers for the cluster. One that sees it red is left out: HAProxy can't compare it with the others. */
function healthCheck({ document }: RoleCheckArgs): RoleCheck {
  const { cluster, http } = document.evidence as ElasticsearchEvidence;
  return {
    backend: [
      "option httpchk",
      `http-check send meth GET uri ${PATH} ver HTTP/1.1 hdr Host portico`,
      "http-check expect status 200",
      `http-check expect rstring '^\\{"cluster_name":"${cluster}","status":"(green|yellow)"'`,
    ],
    servers: `port ${http}`,
    server: () => "",
  };
}
