import assert from "node:assert/strict";
import { test } from "node:test";
import { catalogue } from "../../engines/table.ts";
import { uriOf, urisOf, withoutPassword } from "../../engines/uri.ts";
import { addressMapsOf, isPerNode } from "../../infra/model/address-map.ts";
import { endpointHosts } from "../../infra/model/outputs.ts";
import { planDeployment } from "../../infra/model/plan.ts";
import { localStack } from "../support/local-stack.ts";

function mapsOf(events: object) {
  const { deployments, local } = localStack({
    deployments: { events: { engine: "scylladb", ...events } },
  });
  const [deployment] = deployments;
  assert.ok(deployment);
  const plan = planDeployment(deployment, local);
  return addressMapsOf(deployment, plan.nodes, ({ name }) => endpointHosts(plan, name));
}

test("a driver finds each node at a portal, the nodes spread over the portals", () => {
  assert.deepEqual(mapsOf({}).addressMap, {
    "10.87.16.11:9042": "127.0.0.1:15432",
    "10.87.16.12:9042": "127.0.0.1:15435",
    "10.87.16.13:9042": "127.0.0.1:15436",
  });
});

test("each portal has a map of its own, with every node in it", () => {
  assert.deepEqual(mapsOf({}).addressMaps, [
    {
      "10.87.16.11:9042": "127.0.0.1:15432",
      "10.87.16.12:9042": "127.0.0.1:15434",
      "10.87.16.13:9042": "127.0.0.1:15436",
    },
    {
      "10.87.16.11:9042": "127.0.0.1:15433",
      "10.87.16.12:9042": "127.0.0.1:15435",
      "10.87.16.13:9042": "127.0.0.1:15437",
    },
  ]);
});

test("no two nodes share an address, whatever the sizes: drivers tell nodes apart by it", () => {
  for (const [nodes, portals] of [
    [1, 1],
    [3, 4],
    [5, 3],
    [7, 2],
  ] as const) {
    const { addressMap, addressMaps } = mapsOf({ nodes, portals });
    for (const map of [addressMap, ...addressMaps])
      assert.equal(new Set(Object.values(map)).size, nodes);
    assert.equal(addressMaps.length, portals);
  }
});

test("only per-node engines have a map", () => {
  const { deployments } = localStack({
    deployments: { events: { engine: "scylladb" }, orders: { engine: "postgresql" } },
  });

  assert.deepEqual(deployments.map(isPerNode), [true, false]);
});

test("a URI of CQL has one host, and cqlsh verifies the portal by its authority", () => {
  const { scylladb } = catalogue;
  const caFile = "/home/ann/my portico/.portico/local/events/ca.pem";
  const connection = {
    hosts: [
      { host: "127.0.0.1", port: 15432 },
      { host: "127.0.0.1", port: 15433 },
    ],
    ...{
      user: "events",
      password: "s3cret",
      database: "events",
      route: "node" as const,
      caFile,
      ca: "",
    },
  };
  const uri = uriOf(scylladb, connection);

  assert.equal(
    uri,
    "cql://events:s3cret@127.0.0.1:15432?sslrootcert=/home/ann/my%20portico/.portico/local/events/ca.pem",
  );
  assert.equal(urisOf(scylladb, connection).length, 2);
  assert.equal(
    scylladb.command(withoutPassword(uri), { ca: caFile, password: "/pw" }),
    `SSL_CERTFILE="${caFile}" SSL_VALIDATE=true SSL_CHECK_HOSTNAME=true pipx run --spec scylla-cqlsh cqlsh --ssl --credentials="/pw" 127.0.0.1 15432`,
  );
});

test("the shard-aware port is let through nowhere", () => {
  const { flows, server, endpoints } = catalogue.scylladb;
  const nodes = ["a", "b", "c", "d", "e", "f", "g"];

  assert.deepEqual(
    endpoints(nodes).map(({ port }) => port),
    [9042, 9043, 9044, 9045, 9046, 9047, 9048],
  );
  assert.deepEqual(new Set([server, ...flows.map(({ port }) => port)]), new Set([9042, 7000]));
});
