import assert from "node:assert/strict";
import { test } from "node:test";
import { documentOf } from "../../../infra/model/document.ts";
import { parseDocument } from "../../../proxy-image/src/contract.ts";
import { localStack } from "../../../tests/support/local-stack.ts";
import { catalogue } from "../../table.ts";
import { uriOf, urisOf } from "../../uri.ts";

const { elasticsearch } = catalogue;
const [logs] = localStack({
  local: {},
  deployments: { logs: { engine: "elasticsearch", whitelist: {} } },
}).deployments;
assert.ok(logs);

const connection = {
  hosts: [
    { host: "127.0.0.1", port: 15432 },
    { host: "127.0.0.1", port: 15433 },
  ],
  user: "logs",
  password: "s3cret",
  database: "logs",
  ca: "",
  route: "any",
  caFile: "/home/ann/.portico/local/logs/ca.pem",
} as const;

test("a URI of Elasticsearch is what its client takes as a node, one a portal", () => {
  assert.equal(uriOf(elasticsearch, connection), "https://logs:s3cret@127.0.0.1:15432");
  assert.deepEqual(urisOf(elasticsearch, connection), [
    "https://logs:s3cret@127.0.0.1:15432",
    "https://logs:s3cret@127.0.0.1:15433",
  ]);
});

test("a portal's document of Elasticsearch ends TLS at its one endpoint, and is taken by the portal", () => {
  const document = documentOf(logs, [{ name: "logs-1", address: "10.87.16.11" }]);

  assert.deepEqual(document.endpoints, { any: { port: 9200, route: "any", tls: true } });
  assert.deepEqual(document.evidence, { kind: "elasticsearch", cluster: "logs", http: 9200 });
  assert.equal(parseDocument(JSON.stringify(document)).kind, "document");
});

test("portals reach Elasticsearch's HTTP port alone", () => {
  const ports = elasticsearch.flows
    .filter(({ from }) => from === "portals")
    .map(({ port }) => port);

  assert.deepEqual(ports, [9200]);
});
