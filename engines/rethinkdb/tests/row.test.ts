import assert from "node:assert/strict";
import { test } from "node:test";
import { documentOf } from "../../../infra/model/document.ts";
import { parseDocument } from "../../../proxy-image/src/contract.ts";
import { localStack } from "../../../tests/support/local-stack.ts";
import { catalogue } from "../../table.ts";
import { uriOf, urisOf } from "../../uri.ts";

const { rethinkdb } = catalogue;
const [chats] = localStack({
  local: {},
  deployments: { chats: { engine: "rethinkdb", whitelist: {} } },
}).deployments;
assert.ok(chats);

const connection = {
  hosts: [
    { host: "127.0.0.1", port: 15432 },
    { host: "127.0.0.1", port: 15433 },
  ],
  user: "chats",
  password: "s3cret",
  database: "chats",
  ca: "",
  route: "any",
  caFile: "/home/ann/.portico/local/chats/ca.pem",
} as const;

test("a URI of RethinkDB names one portal and the database, as its Python driver takes it", () => {
  const uri = "rethinkdb://chats:s3cret@127.0.0.1:15432/chats";

  assert.equal(uriOf(rethinkdb, connection), uri);
  assert.deepEqual(urisOf(rethinkdb, connection), [uri, uri.replace("15432", "15433")]);
});

test("a portal's document of RethinkDB ends TLS at its one endpoint, and is taken by the portal", () => {
  const document = documentOf(chats, [{ name: "chats-1", address: "10.87.16.11" }]);

  assert.deepEqual(document.endpoints, { any: { port: 28015, route: "any", tls: true } });
  assert.deepEqual(document.evidence, { kind: "reql", port: 28015 });
  assert.deepEqual(document.nodes, { "chats-1": { address: "10.87.16.11", port: 28015 } });
  assert.equal(parseDocument(JSON.stringify(document)).kind, "document");
});

test("portals reach RethinkDB's driver port alone, and its servers each other's", () => {
  const portsFrom = (who: string) =>
    rethinkdb.flows.filter(({ from }) => from === who).map(({ port }) => port);

  assert.deepEqual(portsFrom("portals"), [28015]);
  assert.deepEqual(portsFrom("nodes"), [29015]);
});
