import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { r } from "rethinkdb-ts";
import { servesFromAnyNode } from "../../../tests/engines/conformance.ts";
import { closedToOthers } from "../../../tests/support/closed-files.ts";
import { addressOf, bringUp, containerOf, targetsOf } from "../../../tests/support/cluster.ts";
import { until } from "../../../tests/support/containers.ts";
import { docker } from "../../../tests/support/docker.ts";
import { breakNetwork } from "../../../tests/support/net-fault.ts";
import { questionsLeaveNoLogLine, statusOf } from "../../../tests/support/pool.ts";
import { nobodyIsRoot } from "../../../tests/support/processes.ts";
import { notRefused } from "../../../tests/support/refused.ts";
import {
  connect,
  LACKS_THE_RIGHT,
  NOT_FOR_APPLICATIONS,
  serverOf,
  TABLE,
  targetOf,
} from "./client.ts";
import { rethinkdb } from "./subject.ts";

const NAME = "rethinkdb (a stand-in)";
const cluster = await bringUp({ name: "chats", engine: "rethinkdb" });
const { ca, endpoints } = cluster.outputs;
const uris = endpoints.any?.uris ?? [];
const [target, otherTarget] = targetsOf(cluster, "any");
assert.ok(target && otherTarget);
const subject = await rethinkdb(cluster);
const { whole, driver } = subject;

servesFromAnyNode({ ...subject, cluster: { ...cluster, name: NAME } });

/** Resolves once both portals send nobody to chats-2, for that reason. */
async function isOut(why: RegExp, seconds: number): Promise<void> {
  for (const { status } of cluster.outputs.portals)
    await until("the portal sends nobody there", seconds, async () => {
      const any = (await statusOf(status)).endpoints.any;
      if (any?.nodes.join() === "chats-1,chats-3" && why.test(any.why)) return true;
      throw new Error(any?.why);
    });
}

test(`${NAME}: what the outputs' URIs say is taken by rethinkdb-ts, with the certificate verified`, async () => {
  for (const uri of uris) {
    const connection = await connect(targetOf(uri, ca));
    assert.match(await serverOf(connection), /^chats-[123]$/);
    assert.deepEqual(await r.tableList().run(connection), [TABLE]);
    await connection.close();
  }
  assert.equal(endpoints.any?.uri, uris[0]);
  await assert.rejects(connect({ ...target, ca: "" }), /self-signed|unable to (get|verify)/);
});

test(`${NAME}: a wrong password is refused, and so is who comes as the administrator or without TLS`, async () => {
  await assert.rejects(connect({ ...target, password: "wrong" }), /Wrong password/);
  await assert.rejects(connect({ ...otherTarget, user: "admin", password: "" }), /Wrong password/);
  const { host, port, user, password } = target;
  await assert.rejects(r.connect({ host, port, user, password, timeout: 5, silent: true }));
});

test(`${NAME}: no process of a node is root's, and none can become it`, () =>
  nobodyIsRoot(cluster, "chats-1", 2));

test(`${NAME}: each user of a node reads its own secrets alone, and changes neither settings nor programs`, () =>
  closedToOthers(containerOf(cluster, "chats-1"), { rethinkdb: "all" }));

test(`${NAME}: the application may do nothing with the servers, their users or other databases`, async (t) => {
  const connection = await connect(target);
  t.after(() => connection.close());
  const attempt = async (what: string) => NOT_FOR_APPLICATIONS[what]?.run(connection);
  const attempts = Object.keys(NOT_FOR_APPLICATIONS);
  assert.deepEqual(await notRefused(attempts, attempt, LACKS_THE_RIGHT), []);
});

test(`${NAME}: the portals' questions leave no line in a node's log`, () =>
  questionsLeaveNoLogLine(cluster));

test(`${NAME}: a server that is cut off from the others is out, though it answers, and comes back`, async () => {
  const address = await addressOf(cluster, "chats-2");
  const rules = ["tcp dport 29015 drop", "tcp sport 29015 drop"];
  const lift = await breakNetwork(containerOf(cluster, "chats-2"), {
    arriving: rules,
    leaving: rules,
  });
  try {
    await isOut(/chats-2 sees 1 of 3 servers: it is not with the majority/, 10);
    for (const at of [target, otherTarget, target, otherTarget]) {
      const session = await driver.connect(at);
      assert.notEqual(await session.write(`cut-off-${performance.now()}`), address);
      await session.end();
    }
  } finally {
    await lift();
  }
  await until("a whole cluster", 120, whole);
});

for (const [what, file, change, why] of [
  [
    "bears another deployment's name",
    "node.json",
    (text: string) => text.replaceAll("chats", "invoices"),
    /chats-2 answers as the server "invoices-2", not "chats-2"/,
  ],
  [
    "has another deployment's passwords",
    "secrets.json",
    (text: string) => text.replaceAll(/[\w-]{32}/g, "x".repeat(32)),
    /chats-2 doesn't let the portal in: Wrong password/,
  ],
] as const)
  test(`${NAME}: a server that ${what} is not routed to, and the portals say why`, async () => {
    await until("a whole cluster", 240, whole);
    const container = docker.getContainer(containerOf(cluster, "chats-2"));
    const { Mounts } = await container.inspect();
    const folder = Mounts.find(({ Destination }) => Destination === "/etc/portico/node")?.Source;
    const path = join(folder ?? "", file);
    const ours = await readFile(path, "utf8");
    await writeFile(path, change(ours));
    try {
      await container.restart({ t: 1 });
      await isOut(why, 20);
      const session = await driver.connect(target);
      const address = await addressOf(cluster, "chats-2");
      assert.notEqual(await session.write(`other-${performance.now()}`), address);
      await session.end();
    } finally {
      await writeFile(path, ours);
      await container.restart({ t: 1 });
    }
    await until("a whole cluster", 60, whole);
  });
