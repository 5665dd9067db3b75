import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { startEtcd } from "../../engines/postgresql/tests/observe/etcd-stand-in.ts";
import { leading, startPatroni } from "../../engines/postgresql/tests/observe/patroni-stand-in.ts";
import { startPostgresql } from "../../engines/postgresql/tests/observe/postgresql-stand-in.ts";
import { createObserver } from "../../proxy-image/src/engines/table.ts";
import type { View } from "../../proxy-image/src/model/view.ts";
import { isSameSubject } from "../../proxy-image/src/observe/observer.ts";
import { Authority } from "../support/authority.ts";
import { stopwatch } from "../support/stopwatch.ts";
import { portalOf } from "./support/portal.ts";
import { until } from "./support/until.ts";

const authority = await Authority.create();
const LOG = { debug: () => {}, info: () => {}, warn: () => {} };

/** One node is all that loopback has room for everywhere: every node's ports are the same. */
async function start(t: TestContext) {
  const [etcd, patroni, postgresql] = await Promise.all([
    startEtcd(authority, "a"),
    startPatroni(authority, "a"),
    startPostgresql(),
  ]);
  etcd.keys = { leader: ["a", 13], initialize: ["77", 1], config: ["{}", 2] };
  patroni.status = leading("a");
  const clock = () => performance.now();
  const views: View[] = [];
  const document = {
    engine: "postgresql",
    evidence: { kind: "patroni", scope: "orders", patroni: patroni.port, etcd: etcd.port },
    nodes: { a: { address: "127.0.0.1", port: postgresql.port } },
  } as const;
  const observer = createObserver({
    document,
    identity: await portalOf(authority),
    clock,
    onChange: () => views.push(observer.view(clock())),
    log: LOG,
  });
  t.after(async () => {
    observer.stop();
    await Promise.all([etcd.stop(), patroni.stop(), postgresql.stop()]);
  });
  const view = () => observer.view(clock());
  await until("the leader is seen", () => {
    const { quorum, nodes } = view();
    return quorum.kind === "leader" && nodes.a?.role.kind === "leader";
  });
  return { etcd, patroni, postgresql, observer, view, views: views, document };
}

const roleOf = (view: View | undefined) => view?.nodes.a?.role.kind;
const portOf = (view: View | undefined) => view?.nodes.a?.port.kind;

test("the quorum's leader and the node's word make the view", async (t) => {
  const { view } = await start(t);

  const { quorum, nodes, paused } = view();

  assert.ok(quorum.kind === "leader");
  assert.deepEqual([quorum.node, quorum.epoch, quorum.incarnation], ["a", [13], "77"]);
  assert.equal(nodes.a?.incarnation, "77");
  assert.equal(paused, false);
});

test("a stream's event is told long before the next regular question", async (t) => {
  const { etcd, views } = await start(t);
  await until("the stream is there", () => etcd.streams.size === 1);
  const before = views.length;

  const sinceChange = stopwatch();
  etcd.keys = { initialize: ["77", 1] };
  etcd.revision += 1;
  const key = Buffer.from("/service/orders/leader").toString("base64");
  etcd.push({ result: { events: [{ type: "DELETE", kv: { key } }] } });
  await until("it is told", () => views.slice(before).some(({ quorum }) => quorum.kind === "none"));

  assert.ok(sinceChange() < 250);
});

test("a change that no stream tells is seen by the next regular question", async (t) => {
  const { etcd, views } = await start(t);
  etcd.keys = { ...etcd.keys, failover: ['{"leader":"a"}', 20] };

  await until("it is told", () => views.at(-1)?.leaving !== undefined, 30_000);
});

test("an etcd that stays open and silent is no proof: the quorum is unknown after two seconds", async (t) => {
  const { etcd, view, views } = await start(t);
  etcd.mood = "silent";
  const ran = stopwatch();
  const silent = performance.now();

  await until("the quorum is unknown", () => views.at(-1)?.quorum.kind === "unknown", 30_000);

  const took = performance.now() - silent;
  assert.ok(took > 1400 && ran() < 2600, `took ${took} ms, ran for ${ran()}`);
  assert.equal(roleOf(view()), "leader");
  etcd.mood = "answers";
  await until("it is known again", () => views.at(-1)?.quorum.kind === "leader");
});

test("a manager that is frozen alone is silent, while PostgreSQL's port is open", async (t) => {
  const { patroni, views } = await start(t);
  patroni.mood = "silent";
  const sinceFrozen = stopwatch();

  await until("it is silent", () => roleOf(views.at(-1)) === "silent", 30_000);

  assert.ok(sinceFrozen() < 1200);
  assert.equal(portOf(views.at(-1)), "open");
});

test("a node that is frozen whole is found silent in both, within about a second", async (t) => {
  const { patroni, postgresql, views } = await start(t);
  patroni.mood = "silent";
  postgresql.says = "";
  const sinceFrozen = stopwatch();

  await until(
    "both are silent",
    () => roleOf(views.at(-1)) === "silent" && portOf(views.at(-1)) === "silent",
    30_000,
  );

  assert.ok(sinceFrozen() < 1300);
  patroni.mood = "answers";
  await until("it leads again", () => roleOf(views.at(-1)) === "leader");
});

test("PostgreSQL's death is told at once", async (t) => {
  const { postgresql, views } = await start(t);
  await until("a connection is held", () => postgresql.connections.size > 0);
  const before = views.length;

  const sinceDeath = stopwatch();
  for (const socket of postgresql.connections) socket.destroy();
  await until("it is told", () => views.slice(before).some((view) => portOf(view) === "closed"));

  assert.ok(sinceDeath() < 100);
});

test("a new leader's first word is heard within milliseconds", async (t) => {
  const { etcd, patroni, views } = await start(t);
  patroni.status = { ...leading("a"), role: "replica", xlog: {} };
  etcd.keys = { ...etcd.keys, leader: ["a", 30] };
  etcd.revision += 1;
  await until("its term is seen", () => {
    const view = views.at(-1);
    return view?.quorum.kind === "leader" && view.quorum.epoch[0] === 30;
  });
  await until("it says replica", () => roleOf(views.at(-1)) === "replica");

  const sinceWritable = stopwatch();
  patroni.status = leading("a");
  await until("it leads", () => roleOf(views.at(-1)) === "leader");

  assert.ok(sinceWritable() < 100);
});

test("a portal that slept takes nobody for dead, and has no proof until it is given anew", async (t) => {
  const { view } = await start(t);

  // Nothing runs meanwhile, as when the process is stopped.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500);
  const { quorum, nodes } = view();

  assert.equal(quorum.kind, "unknown");
  assert.equal(nodes.a?.role.kind, "leader");
  assert.notEqual(nodes.a?.port.kind, "silent");
  await until("the quorum is known again", () => view().quorum.kind === "leader");
});

test("a new identity is taken without losing sight; one that can't be used is not", async (t) => {
  const { observer, view, etcd } = await start(t);
  const asked = etcd.asked.length;

  observer.refreshIdentity({ ...(await portalOf(authority)), cert: "no certificate" });
  observer.refreshIdentity(await portalOf(authority));

  await until("it logs in anew", () => etcd.asked.slice(asked).includes("/v3/auth/authenticate"));
  assert.equal(view().quorum.kind, "leader");
  assert.equal(roleOf(view()), "leader");
});

test("a changed whitelist is no reason to observe anew, a changed node is", async (t) => {
  const { document } = await start(t);
  const moved = { ...document, nodes: { a: { address: "127.0.0.2", port: 5432 } } };

  assert.ok(isSameSubject(document, { ...document, evidence: { ...document.evidence } }));
  assert.ok(!isSameSubject(document, moved));
});
