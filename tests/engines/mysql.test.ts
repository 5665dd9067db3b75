import assert from "node:assert/strict";
import { test } from "node:test";
import type { TLSSocket } from "node:tls";

import { createConnection } from "mysql2/promise";

import { addressOf, bringUp, containerOf, targetsOf } from "../support/cluster.ts";
import { until } from "../support/containers.ts";
import { docker } from "../support/docker.ts";
import { loadOf } from "../support/load.ts";
import { sessionOn } from "../support/mysql.ts";
import { nobodyIsRoot } from "../support/processes.ts";
import type { Target } from "../support/writer.ts";
import { followsItsLeader } from "./conformance.ts";
import { mysql } from "./subjects/mysql.ts";

const cluster = await bringUp({ name: "shop", engine: "mysql" });
const { nodes, outputs } = cluster;
const { led, ask } = await mysql(cluster);
const { leader, whole, written, driver } = led;

followsItsLeader(led);

test("shop: mysql2 takes the URIs as they are, and verifies who answers", async () => {
  for (const { uris } of Object.values(outputs.endpoints)) {
    for (const uri of uris) {
      const session = await createConnection(uri);
      const [rows] = await session.query("SHOW STATUS LIKE 'Ssl_version'");
      assert.match(JSON.stringify(rows), /TLSv1\.3/);
      session.destroy();
    }
  }
  const [uri = ""] = outputs.endpoints.primary?.uris ?? [];
  const strangers = uri.replace(/ca%22%3A.*$/, "ca%22%3Anull%7D");
  await assert.rejects(createConnection(strangers), /self-signed|unable to verify|certificate/);
});

test("shop: killed all at once, the nodes form one group again, with every acknowledged write", async (t) => {
  await until("a whole cluster", 240, whole);
  const writers = loadOf(t, targetsOf(cluster, "primary"), driver);
  await writers.firstAck();
  await Promise.all(nodes.map((node) => docker.getContainer(containerOf(cluster, node)).kill()));
  const { acknowledged } = await writers.stop();
  for (const node of nodes.toReversed()) {
    await docker.getContainer(containerOf(cluster, node)).start();
  }

  await until("a whole cluster", 240, whole);
  const ids = await written();
  assert.deepEqual(
    acknowledged.map(({ id }) => id).filter((id) => !ids.has(id)),
    [],
  );
});

test("shop: no client comes without TLS, and the portals' login reads nothing of anybody", async () => {
  const node = await leader(nodes);
  const rows = await ask(node, "SHOW GRANTS FOR portal@'%'");
  assert.deepEqual(
    rows
      .map(([grant]) => grant)
      .filter((grant) => !/ON \*\.\*|ON `performance_schema`/.test(grant ?? "")),
    [],
  );
  const [target] = targetsOf(cluster, "primary");
  assert.ok(target);
  const { ca: _, ...plain } = target;
  await assert.rejects(createConnection(plain), /Access denied|insecure transport/);
});

test("shop: the replica endpoint reads, and doesn't write", async () => {
  const session = await sessionOn(targetsOf(cluster, "replica")[0] as Target);
  const [rows] = await session.query("SELECT @@super_read_only AS readOnly");
  assert.deepEqual(rows, [{ readOnly: 1 }]);
  session.destroy();
});

/** What the server behind an endpoint shows now. */
async function serialAt(target: Target): Promise<string> {
  const session = await sessionOn(target);
  const { connection } = session as unknown as {
    readonly connection: { readonly stream: TLSSocket };
  };
  const { serialNumber } = connection.stream.getPeerCertificate();
  session.destroy();
  return serialNumber;
}

test("shop: a renewed certificate, with another key, is shown without a restart, and sessions go on", async () => {
  await until("a whole cluster", 240, whole);
  const node = await leader(nodes);
  const target = targetsOf(cluster, "primary")[0] as Target;
  const session = await sessionOn(target);
  const before = await serialAt(target);
  const { resources = [] } = await cluster.stack.export();
  const key = resources.find(({ urn }) => urn.endsWith(`PrivateKey::${node}-server`));
  assert.ok(key);

  await cluster.stack.up("--target-dependents", "--target-replace", key.urn);

  const after = await until("another certificate", 60, async () => {
    const serial = await serialAt(target);
    return serial !== before && serial;
  });
  assert.notEqual(after, "");
  const [rows] = await session.query("SELECT @@report_host = ? AS same", [
    await addressOf(cluster, node),
  ]);
  assert.deepEqual(rows, [{ same: 1 }]);
  session.destroy();
});

test("shop: no process of a node is root's, and none can become it", async () => {
  for (const node of nodes) await nobodyIsRoot(cluster, node, 3);
});
