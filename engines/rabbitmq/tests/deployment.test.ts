import assert from "node:assert/strict";
import { test } from "node:test";

import type { Channel } from "amqplib";
import { servesFromAnyNode } from "../../../tests/engines/conformance.ts";
import { bringUp, inNode as runInNode } from "../../../tests/support/cluster.ts";
import { until } from "../../../tests/support/containers.ts";
import { questionsLeaveNoLogLine, statusOf } from "../../../tests/support/pool.ts";
import { nobodyIsRoot } from "../../../tests/support/processes.ts";
import { notRefused } from "../../../tests/support/refused.ts";
import { clientFor, farewell, nodeOf } from "./client.ts";
import { rabbitmq } from "./subject.ts";

const cluster = await bringUp({ name: "jobs", engine: "rabbitmq" });
const { ca, endpoints } = cluster.outputs;
const uris = endpoints.any?.uris ?? [];
const [uri = "", otherUri = ""] = uris;
const subject = await rabbitmq(cluster);
const { whole } = subject;

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

test("jobs: no process of a node is root's, and none can become it", () =>
  nobodyIsRoot(cluster, "jobs-1", 4));

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
  questionsLeaveNoLogLine(cluster));

test("jobs: the application may do everything in its virtual host, and nothing beside it", async (t) => {
  const client = await clientFor(uri, ca);
  t.after(() => farewell(client));
  type Work = (channel: Channel) => Promise<unknown>;
  const asAnother = { userId: "another" };
  const refused: Readonly<Record<string, Work>> = {
    "declare an exchange of the server's": (channel) =>
      channel.assertExchange("amq.mine", "direct"),
    "delete an exchange of the server's": (channel) => channel.deleteExchange("amq.topic"),
    "declare a queue by a name of the server's": (channel) => channel.assertQueue("amq.mine"),
    "bind to the default exchange": (channel) => channel.bindQueue("written", "", "a"),
    "publish as another user": async (channel) => {
      channel.publish("", "written", Buffer.from(""), asAnother);
      await channel.checkQueue("written");
    },
  };
  // Each on a channel of its own, which the server closes when it refuses.
  const attempt = async (what: string) => {
    const channel = await client.createChannel();
    const closed = new Promise((_, reject) => channel.on("error", reject));
    await Promise.race([refused[what]?.(channel), closed]);
  };
  const denied = /ACCESS[_-]REFUSED|403|PRECONDITION[_-]FAILED/;
  assert.deepEqual(await notRefused(Object.keys(refused), attempt, denied), []);

  const channel = await client.createChannel();
  await channel.assertExchange("mine", "topic");
  await channel.assertQueue("mine", { durable: true });
  await channel.bindQueue("mine", "mine", "#");
  await channel.deleteQueue("mine");
  await channel.deleteExchange("mine");

  const elsewhere = new URL(uri);
  elsewhere.pathname = "/%2F";
  await assert.rejects(clientFor(elsewhere.href, ca), /ConnectionOpenOk; got <ConnectionClose/);
  // No rights on the server's own management, nothing that listens for it, and no plugin that would carry messages elsewhere.
  assert.match(await inNode("jobs-1", "rabbitmqctl", "-q", "list_users"), /^jobs\t\[\]\s*$/m);
  const listeners = await inNode("jobs-1", "rabbitmq-diagnostics", "-q", "listeners");
  assert.doesNotMatch(listeners, /http|stream|mqtt|stomp/i);
});
