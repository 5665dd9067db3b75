import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { MongoClient } from "mongodb";

import { bringUp, targetsOf } from "../support/cluster.ts";
import { until } from "../support/containers.ts";
import { clientFor } from "../support/mongodb.ts";
import { nobodyIsRoot } from "../support/processes.ts";
import { followsItsLeader } from "./conformance.ts";
import { mongodb } from "./subjects/mongodb.ts";

const NAME = "mongodb (a stand-in)";
const cluster = await bringUp({ name: "carts", engine: "mongodb" });
const { ca, endpoints } = cluster.outputs;
const [target] = targetsOf(cluster, "primary");
assert.ok(target);
const subject = mongodb(cluster);

followsItsLeader({ ...subject, cluster: { ...cluster, name: NAME } });

/** What a client of that URI is told at its first question. It waits for no server longer than it takes to refuse. */
async function helloTo(uri: string): Promise<Record<string, unknown>> {
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: 5000 });
  try {
    await client.connect();
    return await client.db().command({ hello: 1 });
  } finally {
    await client.close();
  }
}

test(`${NAME}: the outputs' URIs are taken by MongoDB's driver as they are, with the certificate verified`, async (t) => {
  await until("a whole cluster", 240, subject.whole);
  const folder = await mkdtemp(join(tmpdir(), "mongodb-"));
  t.after(() => rm(folder, { recursive: true }));
  const caFile = join(folder, "ca.pem");
  await writeFile(caFile, ca);
  const uris = endpoints.primary?.uris ?? [];
  assert.equal(uris.length, 2);
  for (const uri of uris) {
    assert.equal((await helloTo(uri)).isWritablePrimary, true);
    const strangers = uri.replace(/&?tlsCAFile=[^&]*/, "");
    await assert.rejects(helloTo(strangers), /self-signed|unable to (get|verify)/);
  }
  assert.equal(endpoints.primary?.uri, uris[0]);
});

test(`${NAME}: a wrong password is refused, and so is who comes without TLS`, async () => {
  for (const wrong of [{ password: "wrong" }, { plain: true }]) {
    const client = clientFor({ ...target, ...wrong });
    await assert.rejects(client.connect());
    await client.close();
  }
});

test(`${NAME}: no process of a node is root's, and none can become it`, () =>
  nobodyIsRoot(cluster, "carts-1", 2));
