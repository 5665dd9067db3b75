import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";

import { catalogue } from "../../engines/table.ts";
import { derivePassword, uriOf, urisOf, withoutPassword } from "../../engines/uri.ts";
import type { LocalPlan, NodePlan, PortalPlan } from "../../infra/model/plan.ts";
import { serverCertificate } from "../../infra/model/plan.ts";
import { CONNECTION } from "./connection.ts";

const { postgresql, redis } = catalogue;

test("a URI names every portal, verifies the certificate and never gives up a hold", () => {
  assert.equal(
    uriOf(postgresql, CONNECTION),
    "postgresql://orders:s3cret@127.0.0.1:15432,127.0.0.1:15433/orders" +
      "?target_session_attrs=read-write&sslmode=verify-full" +
      "&sslrootcert=/home/ann/my%20portico/.portico/local/orders/ca.pem",
  );
});

test("a reader takes any server that the replica endpoint gives", () => {
  assert.match(uriOf(postgresql, { ...CONNECTION, route: "replica" }), /target_session_attrs=any&/);
});

test("clients that take one host get a URI for each portal", () => {
  const [first, second, ...others] = urisOf(postgresql, CONNECTION).map((uri) => new URL(uri));

  assert.equal(first?.host, "127.0.0.1:15432");
  assert.equal(second?.host, "127.0.0.1:15433");
  assert.equal(first?.searchParams.get("sslrootcert"), CONNECTION.caFile);
  assert.deepEqual(others, []);
});

test("Redis' clients take one portal each, by a URI that names no file", () => {
  assert.equal(uriOf(redis, CONNECTION), "rediss://orders:s3cret@127.0.0.1:15432");
  assert.deepEqual(urisOf(redis, CONNECTION), [
    "rediss://orders:s3cret@127.0.0.1:15432",
    "rediss://orders:s3cret@127.0.0.1:15433",
  ]);
});

const files = { ca: CONNECTION.caFile, password: "/home/ann/my portico/.portico/local/orders/pw" };

test("what a person types for Redis names the authority's file and the password's, blanks and all", () => {
  assert.equal(
    redis.command(withoutPassword(uriOf(redis, CONNECTION)), files),
    `REDISCLI_AUTH="$(cat "${files.password}")" redis-cli --tls --cacert "${files.ca}" -h 127.0.0.1 -p 15432 --user orders`,
  );
});

for (const [engine, row] of Object.entries(catalogue))
  test(`${engine}: no command has a password in it, and each names the file that has`, () => {
    const uri = uriOf(row, CONNECTION);
    assert.match(uri, /s3cret/);
    assert.doesNotMatch(withoutPassword(uri), /s3cret/);
    const command = row.command(withoutPassword(uri), files);

    assert.doesNotMatch(command, /s3cret/);
    assert.ok(decodeURI(command).includes(files.password), command);
    assert.match(command, /127\.0\.0\.1\D+15432/);
    assert.match(row.passwordFile.text("orders", "s3cret"), /s3cret/);
  });

test("a password follows from its key and its use, and needs no escaping", () => {
  const pem = (): string =>
    generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const [one, other] = [pem(), pem()];
  const passwords = [one, other].flatMap((key) =>
    postgresql.passwords.map((use) => derivePassword(key, use)),
  );

  assert.equal(derivePassword(one, "app"), derivePassword(one.replaceAll("\n", "\r\n"), "app"));
  assert.equal(new Set(passwords).size, passwords.length);
  for (const password of passwords) assert.match(password, /^[A-Za-z0-9_-]{32}$/);
});

test("a server's certificate names every place where a client connects to it", () => {
  const node: NodePlan = {
    name: "orders-1",
    container: "portico-orders-1",
    volume: "portico-orders-1-data",
    address: "10.87.16.11",
  };
  const portal: PortalPlan = {
    name: "orders-portal-1",
    container: "portico-orders-portal-1",
    volume: "portico-orders-portal-1-state",
    address: "10.87.16.4",
    publicAddress: "10.87.0.8",
    ports: {},
  };
  const plan: LocalPlan = {
    prefix: "portico-orders",
    network: { name: "portico-orders", cidr: "10.87.16.0/24", gateway: "10.87.16.1" },
    nodes: [node],
    portals: [portal],
  };

  const { dnsNames, ipAddresses } = serverCertificate(node, plan);

  assert.deepEqual(dnsNames, [
    "orders-1",
    "orders-portal-1",
    "portico-orders-portal-1",
    "localhost",
  ]);
  assert.deepEqual(ipAddresses, ["10.87.16.11", "10.87.0.8", "10.87.16.4", "127.0.0.1"]);
});
