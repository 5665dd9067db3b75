import assert from "node:assert/strict";
import { test } from "node:test";
import { documentOf } from "../../../infra/model/document.ts";
import { parseDocument } from "../../../proxy-image/src/contract.ts";
import { localStack } from "../../../tests/support/local-stack.ts";
import { catalogue, portsOf } from "../../table.ts";
import { uriOf, urisOf, withoutPassword } from "../../uri.ts";

const { rabbitmq } = catalogue;
const [jobs] = localStack({
  local: {},
  deployments: { jobs: { engine: "rabbitmq", whitelist: {} } },
}).deployments;
assert.ok(jobs);

const connection = {
  hosts: [
    { host: "127.0.0.1", port: 15432 },
    { host: "127.0.0.1", port: 15433 },
  ],
  user: "jobs",
  password: "s3cret",
  database: "jobs",
  ca: "",
  route: "any",
  caFile: "/home/ann/my portico/.portico/local/jobs/ca.pem",
} as const;

test("a URI of RabbitMQ names one portal, the virtual host, and the authority in RabbitMQ's own words", () => {
  const uri =
    "amqps://jobs:s3cret@127.0.0.1:15432/jobs" +
    "?cacertfile=/home/ann/my%20portico/.portico/local/jobs/ca.pem&verify=verify_peer";

  assert.equal(uriOf(rabbitmq, connection), uri);
  assert.deepEqual(urisOf(rabbitmq, connection), [uri, uri.replace("15432", "15433")]);
});

test("the command that a person types is pika's, with every part of the connection", () => {
  const files = { ca: connection.caFile, password: "/pw" };
  assert.match(
    rabbitmq.command(withoutPassword(uriOf(rabbitmq, connection)), files),
    /ConnectionParameters\("127\.0\.0\.1", 15432, "jobs", pika\.PlainCredentials\("jobs", open\("\/pw"\)\.read\(\)\), ssl_options=/,
  );
});

test("a portal's document of RabbitMQ ends TLS at its one endpoint, and is taken by the portal", () => {
  const document = documentOf(jobs, [{ name: "jobs-1", address: "10.87.16.11" }]);

  assert.deepEqual(document.endpoints, { any: { port: 5671, route: "any", tls: true } });
  assert.deepEqual(document.evidence, { kind: "amqp", cluster: "jobs", amqp: 5672 });
  assert.deepEqual(document.nodes, { "jobs-1": { address: "10.87.16.11", port: 5672 } });
  assert.equal(parseDocument(JSON.stringify(document)).kind, "document");
  assert.deepEqual(
    portsOf(jobs).map(({ port }) => port),
    [5671, 8404],
  );
});

test("portals reach RabbitMQ's clients' port alone", () => {
  const ports = rabbitmq.flows.filter(({ from }) => from === "portals").map(({ port }) => port);

  assert.deepEqual(ports, [5672]);
});
