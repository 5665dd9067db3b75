import assert from "node:assert/strict";
import { test } from "node:test";

import { bringUp } from "../support/cluster.ts";
import { clientFor, INDEX } from "../support/elasticsearch.ts";
import { questionsLeaveNoLine } from "../support/pool.ts";
import { nobodyIsRoot } from "../support/processes.ts";
import { servesFromAnyNode } from "./conformance.ts";
import { elasticsearch } from "./subjects/elasticsearch.ts";

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

test("logs: the deployment's user may do everything but make users", async () => {
  const client = clientFor(uri, ca);
  const request = client.security.putUser({
    username: "another",
    body: { password: "another-one", roles: ["app"] },
  });

  assert.equal(await statusCode(request), 403);
  await client.close();
});

test("logs: no process of a node is root's, and none can become it", () =>
  nobodyIsRoot(cluster, "logs-1", 2));

test("logs: the portals' questions leave no line in a node's log", () =>
  questionsLeaveNoLine(cluster));
