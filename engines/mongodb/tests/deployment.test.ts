import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { type Document, MongoClient, type MongoClientOptions } from "mongodb";
import { followsItsLeader } from "../../../tests/engines/conformance.ts";
import { Authority } from "../../../tests/support/authority.ts";
import { closedToOthers } from "../../../tests/support/closed-files.ts";
import { bringUp, containerOf, targetsOf } from "../../../tests/support/cluster.ts";
import { until } from "../../../tests/support/containers.ts";
import { questionsLeaveNoLogLine } from "../../../tests/support/pool.ts";
import { nobodyIsRoot } from "../../../tests/support/processes.ts";
import { allowedToApplications, clientFor } from "./client.ts";
import { mongodb } from "./subject.ts";

const NAME = "mongodb (a stand-in)";
const cluster = await bringUp({ name: "carts", engine: "mongodb" });
const { endpoints } = cluster.outputs;
const subject = mongodb(cluster);

followsItsLeader({ ...subject, cluster: { ...cluster, name: NAME } });

/** What a client is told at its first question. It gives up early: one that can't come in tries again and again. */
async function helloTo(uri: string, options: MongoClientOptions = {}): Promise<Document> {
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: 2000, ...options });
  try {
    await client.connect();
    return await client.db().command({ hello: 1 });
  } finally {
    await client.close();
  }
}

test(`${NAME}: the outputs' URIs are taken by MongoDB's driver as they are, with the certificate verified`, async (t) => {
  await until("a whole cluster", 240, subject.whole);
  const { uri, uris = [] } = endpoints.primary ?? {};
  assert.equal(uris.length, 2);
  assert.equal(uri, uris[0]);
  for (const each of uris) assert.equal((await helloTo(each)).isWritablePrimary, true);

  const folder = await mkdtemp(join(tmpdir(), "mongodb-"));
  t.after(() => rm(folder, { recursive: true }));
  const { pem } = await Authority.create();
  await writeFile(join(folder, "ca.pem"), pem);
  const stranger = { tlsCAFile: join(folder, "ca.pem") };
  await assert.rejects(helloTo(uris[0] ?? "", stranger), /certificate|self-signed|verif/);
});

test(`${NAME}: a wrong password is refused, and so is who comes without TLS`, async () => {
  const [uri = ""] = endpoints.primary?.uris ?? [];
  const wrong = new URL(uri);
  wrong.password = "wrong";
  await assert.rejects(helloTo(wrong.href), /Authentication failed|auth/i);
  const plain = uri.replace(/tls=true&tlsCAFile=[^&]*/, "tls=false");
  assert.notEqual(plain, uri);
  await assert.rejects(helloTo(plain), /closed|reset|timed out/);
});

test(`${NAME}: the application may do nothing with the servers, their users or other databases`, async (t) => {
  await until("a whole cluster", 240, subject.whole);
  const [target] = targetsOf(cluster, "primary");
  assert.ok(target);
  const client = clientFor(target);
  t.after(() => client.close());
  const ask = (db: string | undefined, command: Document) => client.db(db).command(command);
  assert.deepEqual(await allowedToApplications(ask), []);
});

test(`${NAME}: the portals' questions leave no line in a node's log`, () =>
  questionsLeaveNoLogLine(cluster));

test(`${NAME}: no process of a node is root's, and none can become it`, () =>
  nobodyIsRoot(cluster, "carts-1", 2));

test(`${NAME}: each user of a node reads its own secrets alone, and changes neither settings nor programs`, () =>
  closedToOthers(containerOf(cluster, "carts-1"), { mongodb: "all" }));
