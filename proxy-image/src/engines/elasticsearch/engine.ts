import type { ElasticsearchEvidence } from "../../evidence.ts";
import type { Engine, RoleCheck, RoleCheckArgs } from "../../observe/engine.ts";
import type { Observer, ObserverArgs } from "../../observe/observer.ts";
import { observeNodes } from "../../observe/polled.ts";
import { createReconnectingClient } from "../../observe/source-client.ts";
import { decodeHealth, HEALTH_REQUEST, PATH, viewOf } from "./health.ts";

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
  };
}

const QUESTION = { request: HEALTH_REQUEST, decode: decodeHealth };

/** Asks every node for the cluster's health, as that node sees it. */
function observeElasticsearch(args: ObserverArgs): Observer {
  const { cluster, http } = args.document.evidence as ElasticsearchEvidence;
  return observeNodes(args, {
    client: ({ address }, askNow) =>
      createReconnectingClient({ address, port: http, question: () => QUESTION, onClosed: askNow }),
    viewOf: (polled, now) => viewOf(cluster, polled, now),
  });
}
