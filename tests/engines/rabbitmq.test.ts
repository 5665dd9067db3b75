import assert from "node:assert/strict";
import { test } from "node:test";

import {
  bringUp,
  containerOf,
  logLines,
  inNode as runInNode,
  targetsOf,
} from "../support/cluster.ts";
import { until } from "../support/containers.ts";
import { docker } from "../support/docker.ts";
import { questionsLeaveNoLine, statusOf } from "../support/pool.ts";
import { clientFor, farewell, idsIn, nodeOf } from "../support/rabbitmq.ts";
import { servesFromAnyNode } from "./conformance.ts";
import { rabbitmq } from "./subjects/rabbitmq.ts";

const cluster = await bringUp({ name: "jobs", engine: "rabbitmq" });
const { ca, endpoints } = cluster.outputs;
const uris = endpoints.any?.uris ?? [];
const [uri = "", otherUri = ""] = uris;
const subject = await rabbitmq(cluster);
const { whole, driver } = subject;

servesFromAnyNode(subject);

const inNode = (node: string, ...command: readonly string[]) =>
  runInNode(cluster, node, ...command);

test("jobs: the outputs' URIs are taken by amqplib as they are, with the certificate verified", async () => {
  for (const each of uris) {
    const client = await clientFor(each, ca);
    assert.match(nodeOf(client), /^jobs-[123]$/);
    await farewell(client);
  }
  assert.equal(endpoints.any?.uri, uri);
  await assert.rejects(clientFor(uri, ""), /self-signed|unable to (get|verify)/);
});

test("jobs: a wrong password is refused, and so is who comes without one or without TLS", async () => {
  const wrong = new URL(otherUri);
  wrong.password = "wrong";
  await assert.rejects(clientFor(wrong.href, ca), /ACCESS_REFUSED|403/);
  wrong.username = "guest";
  wrong.password = "guest";
  await assert.rejects(clientFor(wrong.href, ca), /ACCESS_REFUSED|403/);
  await assert.rejects(clientFor(otherUri.replace("amqps:", "amqp:"), ca));
});

test("jobs: a queue that says nothing of its kind is a quorum queue on all nodes", async () => {
  const list = ["-q", "-p", "jobs", "list_queues", "name", "type", "members"];
  const output = await inNode("jobs-1", "rabbitmqctl", ...list);

  assert.match(output, /^written\tquorum\t/m);
  for (const node of cluster.nodes) assert.match(output, new RegExp(`rabbit@${node}`));
});

test("jobs: no process of a node is root's, and none can become it", async () => {
  const each = 'for p in /proc/[0-9]*; do grep -hE "^(Name|Uid|CapPrm):" $p/status; done';
  const output = await inNode("jobs-1", "setpriv", "--reuid=nobody", "sh", "-c", each);

  const users = [...output.matchAll(/^Uid:\s+(\d+)/gm)].map(([, user]) => user);
  assert.ok(users.length > 3);
  assert.equal(users.includes("0"), false, output);
  for (const [, permitted] of output.matchAll(/^CapPrm:\s+(\w+)/gm))
    assert.match(permitted ?? "", /^0+$/);
});

test("jobs: a node under maintenance gets nobody, the portals say why, and it comes back", async () => {
  await until("a whole cluster", 240, whole);
  await inNode("jobs-3", "rabbitmq-upgrade", "drain");
  for (const { status } of cluster.outputs.portals)
    await until("the portal sends nobody there", 5, async () => {
      const { nodes, why } = (await statusOf(status)).endpoints.any ?? { nodes: [], why: "" };
      return nodes.join() === "jobs-1,jobs-2" && /jobs-3 refuses connections/.test(why);
    });
  const clients = await Promise.all([1, 2, 3, 4].map(() => clientFor(uri, ca)));
  assert.equal(clients.map(nodeOf).includes("jobs-3"), false);
  await Promise.all(clients.map(farewell));

  await inNode("jobs-3", "rabbitmq-upgrade", "revive");
  await until("a whole cluster", 60, whole);
});

test("jobs: a node of another cluster's name is not routed to, and the portals say why", async () => {
  // Told to this node alone, as of another cluster at its address: the name in the cluster's own store is everybody's.
  const rename = `application:set_env(rabbit, server_properties, [{<<"cluster_name">>, longstr, <<"invoices">>}]).`;
  await inNode("jobs-2", "rabbitmqctl", "eval", rename);
  for (const { status } of cluster.outputs.portals)
    await until("the portal sends nobody there", 5, async () => {
      const { nodes, why } = (await statusOf(status)).endpoints.any ?? { nodes: [], why: "" };
      return nodes.join() === "jobs-1,jobs-3" && /answers as the cluster "invoices"/.test(why);
    });

  const back = `application:set_env(rabbit, server_properties, [{<<"node">>, longstr, <<"jobs-2">>}]).`;
  await inNode("jobs-2", "rabbitmqctl", "eval", back);
  await until("a whole cluster", 30, whole);
});

test("jobs: the portals' questions leave no line in a node's log", () =>
  questionsLeaveNoLine(cluster));

test("jobs: all nodes lost at once come back with every confirmed message", async (t) => {
  await until("a whole cluster", 240, whole);
  const session = await driver.connect(targetsOf(cluster, "any")[0] ?? assert.fail("no target"));
  t.after(session.end);
  const ids = Array.from({ length: 50 }, (_, index) => `all-${index}`);
  for (const id of ids) await session.write(id);

  const began = Date.now();
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
  const said = await logLines(cluster, cluster.portals[0] ?? "", began);
  assert.ok(said.some(({ msg }) => /no node can be reached/.test(String(msg))));
});
