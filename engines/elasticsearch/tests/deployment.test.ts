import assert from "node:assert/strict";
import { test } from "node:test";
import { servesFromAnyNode } from "../../../tests/engines/conformance.ts";
import { bringUp } from "../../../tests/support/cluster.ts";
import { questionsLeaveNoLogLine } from "../../../tests/support/pool.ts";
import { nobodyIsRoot } from "../../../tests/support/processes.ts";
import { clientFor, INDEX } from "./client.ts";
import { elasticsearch } from "./subject.ts";

const cluster = await bringUp({ name: "logs", engine: "elasticsearch" });
const { ca, endpoints } = cluster.outputs;
const uris = endpoints.any?.uris ?? [];
const [uri = "", otherUri = ""] = uris;

servesFromAnyNode(await elasticsearch(cluster));

const statusCode = (request: Promise<unknown>): Promise<number | undefined> =>
  request.then(
    () => 200,
    (error: { readonly statusCode?: number }) => error.statusCode,
  );

test("logs: the outputs' URIs are taken by Elasticsearch's client as they are, with the certificate verified", async () => {
  for (const each of uris) {
    const client = clientFor(each, ca);
    const { body } = await client.info();
    assert.equal(body.cluster_name, "logs");
    assert.equal(body.version.number, "7.17.29");
    await client.close();
  }
  assert.equal(endpoints.any?.uri, uri);
  await assert.rejects(clientFor(uri, "").info(), /self-signed|unable to (get|verify)/);
});

test("logs: without the password nobody sees more than the cluster's health", async () => {
  const bare = new URL(otherUri);
  bare.username = "";
  bare.password = "";
  const nobody = clientFor(bare.href, ca);
  bare.username = "logs";
  bare.password = "wrong";
  const wrong = clientFor(bare.href, ca);

  assert.equal(await statusCode(nobody.cluster.health()), 200);
  assert.equal(await statusCode(nobody.info()), 401);
  assert.equal(await statusCode(nobody.search({ index: INDEX })), 401);
  assert.equal(await statusCode(nobody.cluster.state()), 401);
  assert.equal(await statusCode(nobody.index({ index: INDEX, body: {} })), 401);
  assert.equal(await statusCode(wrong.cluster.health()), 401);
  await Promise.all([nobody.close(), wrong.close()]);
});

// What this build of the server has: not in it are the node shutdown, ILM, SLM, CCR, reindex and Painless modules.
const REFUSED: readonly (readonly [method: string, path: string, body?: object])[] = [
  ["PUT", "/_cluster/settings", { transient: { "cluster.routing.allocation.enable": "none" } }],
  ["POST", "/_cluster/reroute"],
  ["POST", "/_cluster/voting_config_exclusions?node_names=logs-1"],
  ["DELETE", "/_cluster/voting_config_exclusions"],
  ["POST", "/_nodes/reload_secure_settings"],
  ["PUT", "/_snapshot/a", { type: "fs", settings: { location: "/tmp/a" } }],
  ["DELETE", "/_snapshot/a"],
  ["POST", "/_license/start_trial?acknowledge=true"],
  ["DELETE", "/_license"],
  ["POST", "/_dangling/a?accept_data_loss=true"],
  ["PUT", "/_security/user/another", { password: "another-one", roles: ["app"] }],
  ["PUT", "/_security/user/logs/_password", { password: "another-one" }],
  ["PUT", "/_security/role/another", { cluster: ["all"] }],
  [
    "PUT",
    "/_security/role_mapping/a",
    { roles: ["app"], enabled: true, rules: { field: { username: "*" } } },
  ],
  ["POST", "/_security/api_key", { name: "a" }],
  ["GET", "/_security/user"],
  ["PUT", "/.security-7"],
];

const ALLOWED: readonly (readonly [method: string, path: string, body?: object])[] = [
  ["GET", "/_cluster/settings"],
  ["GET", "/_cat/nodes"],
  ["GET", "/_tasks"],
  ["PUT", "/mine", { settings: { number_of_replicas: 1 } }],
  ["PUT", "/mine/_mapping", { properties: { a: { type: "keyword" } } }],
  ["PUT", "/_index_template/mine", { index_patterns: ["mine-*"] }],
  ["PUT", "/_component_template/mine", { template: {} }],
  ["PUT", "/_ingest/pipeline/mine", { processors: [] }],
  ["POST", "/_aliases", { actions: [{ add: { index: "mine", alias: "ours" } }] }],
  ["DELETE", "/mine"],
];

test("logs: the application may do everything with the data, and nothing with the cluster, its nodes or users", async (t) => {
  const client = clientFor(uri, ca);
  t.after(() => client.close());
  const codes = async (requests: typeof REFUSED) =>
    Promise.all(
      requests.map(async ([method, path, body]) => {
        const [where = "", querystring = ""] = path.split("?");
        const request = client.transport.request({
          method,
          path: where,
          querystring,
          body: body ?? "",
        });
        return [method, path, await statusCode(request)];
      }),
    );
  const expected = (requests: typeof REFUSED, code: number) =>
    requests.map(([method, path]) => [method, path, code]);

  assert.deepEqual(await codes(REFUSED), expected(REFUSED, 403));
  const allowed = [];
  for (const request of ALLOWED) allowed.push(...(await codes([request])));
  assert.deepEqual(allowed, expected(ALLOWED, 200));
});

test("logs: no process of a node is root's, and none can become it", () =>
  nobodyIsRoot(cluster, "logs-1", 2));

test("logs: the portals' questions leave no line in a node's log", () =>
  questionsLeaveNoLogLine(cluster));
