import assert from "node:assert/strict";
import { test } from "node:test";

import { bringUp, containerOf, targetsOf } from "../support/cluster.ts";
import { exec, until } from "../support/containers.ts";
import { docker } from "../support/docker.ts";
import { clientFor, INDEX, idsIn } from "../support/elasticsearch.ts";
import { questionsLeaveNoLine, statusOf } from "../support/pool.ts";
import { servesFromAnyNode } from "./conformance.ts";
import { elasticsearch } from "./subjects/elasticsearch.ts";

const cluster = await bringUp({ name: "logs", engine: "elasticsearch" });
const { ca, endpoints } = cluster.outputs;
const uris = endpoints.any?.uris ?? [];
const [uri = "", otherUri = ""] = uris;

const subject = await elasticsearch(cluster);
const { whole, driver } = subject;

servesFromAnyNode(subject);

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

test("logs: no process of a node is root's, and none can become it", async () => {
  const each = 'for p in /proc/[0-9]*; do grep -hE "^(Name|Uid|CapPrm):" $p/status; done';
  const command = ["setpriv", "--reuid=nobody", "sh", "-c", each];
  const { output } = await exec(containerOf(cluster, "logs-1"), command);

  const users = [...output.matchAll(/^Uid:\s+(\d+)/gm)].map(([, user]) => user);
  assert.ok(users.length > 1);
  assert.equal(users.includes("0"), false, output);
  for (const [, permitted] of output.matchAll(/^CapPrm:\s+(\w+)/gm))
    assert.match(permitted ?? "", /^0+$/);
});

test("logs: the portals' questions leave no line in a node's log", () =>
  questionsLeaveNoLine(cluster));

test("logs: all nodes lost at once come back with every acknowledged document", async (t) => {
  await until("a whole cluster", 240, whole);
  const session = await driver.connect(targetsOf(cluster, "any")[0] ?? assert.fail("no target"));
  t.after(session.end);
  const ids = Array.from({ length: 50 }, (_, index) => `all-${index}`);
  for (const id of ids) await session.write(id);

  const containers = cluster.nodes.map((node) => docker.getContainer(containerOf(cluster, node)));
  await Promise.all(containers.map((container) => container.kill()));
  await until("the portals refuse", 10, async () => {
    const [first] = cluster.outputs.portals;
    return (await statusOf(first?.status ?? "")).endpoints.any?.gate === "closed";
  });
  await Promise.all(containers.map((container) => container.start()));
  await until("a whole cluster", 240, whole);

  const there = await idsIn(otherUri, ca);
  assert.deepEqual(
    ids.filter((id) => !there.has(id)),
    [],
  );
});
