import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { until } from "../../support/until.ts";
import {
  type Client,
  createLab,
  held,
  type Lab,
  type LabOptions,
  nodeBehind,
  openClient,
  openSilentClient,
  openTlsClient,
  wantedOf,
} from "../lab.ts";

// A node takes 90 sessions here: a source has 45 of them for its own, and 27 are for all sources that have so many.
const SHARE = 45 + 27;
const TWICE_AS_MANY = 180;
const CROWD = "127.0.0.8";
const ANOTHER = "127.0.0.9";

const NOTHING = Buffer.alloc(0);

async function openLab(t: TestContext, options: LabOptions = {}): Promise<Lab> {
  const lab = await createLab(t, options);
  lab.agent.vouched.add("primary/orders-1");
  await lab.settle(wantedOf("orders-1"));
  return lab;
}

const many = (open: () => Client): readonly Client[] =>
  Array.from({ length: TWICE_AS_MANY }, () => open());

function leave(clients: readonly Client[]): void {
  for (const { socket } of clients) socket.destroy();
}

/** A client that is left waiting longer than people wait is an error. */
const serves = (lab: Lab, from: string) => nodeBehind(lab.port("primary"), from, undefined, 5_000);

test("connections that say nothing take no session from anybody, and are sent away within seconds", async (t) => {
  const lab = await openLab(t);
  const silent = many(() => openSilentClient(lab.port("primary"), CROWD));
  await Promise.all(
    silent.map(({ socket }) => new Promise((resolve) => socket.once("connect", resolve))),
  );

  assert.equal(await serves(lab, ANOTHER), "orders-1");
  assert.equal(await serves(lab, CROWD), "orders-1");
  assert.equal(lab.seenOn("orders-1"), 2, "a node heard of a client that said nothing");
  await until("all are sent away", 30_000, () => silent.every(({ live }) => !live()));
});

test("connections that say nothing after TLS take no session either", async (t) => {
  const lab = await openLab(t, { tls: true });
  const silent = Array.from({ length: TWICE_AS_MANY }, () =>
    openTlsClient(lab.port("primary"), CROWD, NOTHING),
  );
  await Promise.all(silent.map(({ secured }) => secured));

  for (const from of [ANOTHER, CROWD]) {
    const client = openTlsClient(lab.port("primary"), from);
    assert.equal(await client.node, "orders-1");
    client.socket.destroy();
  }
  assert.equal(lab.seenOn("orders-1"), 2, "a node heard of a client that said nothing");
  await until("all are sent away", 30_000, () => silent.every(({ live }) => !live()));
});

for (const [engine, what, begun, rest] of [
  ["elasticsearch", "a request's head", "GET / HTTP/1.1\r\nHost: ", "orders\r\n\r\n"],
  ["elasticsearch", "a head with bare ends of lines", "GET /\u00e9 HTTP/1.1\n", "\n"],
  ["scylladb", "a frame's header", "\x04\0\0\0\x05\0\0", "\0\0"],
  ["mongodb", "a message's header", "\x15\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0", "\0"],
  ["rethinkdb", "a version", "\xc3\xbd\xc2", "\x34"],
] as const) {
  test(`${engine}: of who says less than ${what} a node hears nothing; who says the rest later is served`, async (t) => {
    const lab = await openLab(t, { engine });
    const slow = openSilentClient(lab.port("primary"), CROWD);
    const silent = openSilentClient(lab.port("primary"), ANOTHER);
    for (const { socket } of [slow, silent]) socket.write(begun, "latin1");
    await pause(1_000);
    assert.equal(lab.seenOn("orders-1"), 0, "a node heard of a client that has hardly begun");
    slow.socket.write(rest, "latin1");
    assert.match((await slow.node) ?? "", /^orders-1/);

    await until("the other one is sent away", 30_000, () => !silent.live());
    assert.equal(lab.seenOn("orders-1"), 1);
    assert.ok(slow.live());
    slow.socket.destroy();
  });
}

test("a request that is longer than HAProxy's buffer is served once its head is there", async (t) => {
  const lab = await openLab(t, { engine: "elasticsearch" });
  const { socket, node } = openSilentClient(lab.port("primary"));
  socket.write(`POST /_bulk HTTP/1.1\r\nX: ${"x".repeat(12_000)}\r\n\r\n${"{}\n".repeat(100_000)}`);

  assert.match((await node) ?? "", /^orders-1/);
  socket.destroy();
});

test("a source has 5,000 connections, whatever they say, and others come in beside it", async (t) => {
  const lab = await openLab(t);
  const crowd = Array.from({ length: 5_100 }, () => openSilentClient(lab.port("primary"), CROWD));
  const left = () => crowd.filter(({ live }) => live()).length;

  await until("those beyond are reset", 8_000, () => left() <= 5_000);

  assert.equal(await serves(lab, ANOTHER), "orders-1");
  assert.equal(left(), 5_000);
  assert.equal(await serves(lab, CROWD), undefined);
  leave(crowd);
});

test("a client that waits for its server's greeting is greeted, and keeps its session though it says nothing", async (t) => {
  const lab = await openLab(t, { engine: "mysql" });
  const client = openSilentClient(lab.port("primary"));
  const talker = openClient(lab.port("replica"));

  assert.equal(await client.node, "orders-1");
  await talker.ended;
  assert.ok(client.live());
  client.socket.destroy();
});

for (const [what, options, open] of [
  ["", {}, openClient],
  [" behind TLS", { tls: true }, openTlsClient],
  [" where the server greets", { engine: "mysql" }, openSilentClient],
] as const) {
  test(`one source gets a share of a node's sessions, not all: others are served at once${what}`, async (t) => {
    const lab = await openLab(t, options);
    const crowd = many(() => open(lab.port("primary"), CROWD));
    await until("it has its share", 20_000, () => lab.sessionsOn("orders-1") >= SHARE);

    const others = Array.from({ length: 90 - SHARE }, () => open(lab.port("primary"), ANOTHER));
    const served = await Promise.all(others.map(({ node }) => node));

    assert.deepEqual(new Set(served), new Set(["orders-1"]));
    assert.equal(lab.sessionsOn("orders-1"), 90);
    leave([...crowd, ...others]);
  });
}

/** A client of a source that has its share, once it waits for its turn and HAProxy tells the reason. */
async function nextInQueue(lab: Lab): Promise<Client> {
  const next = openClient(lab.port("primary"), CROWD);
  await until("it waits for its turn", 10_000, async () =>
    (await lab.actual()).capacities.some(
      ({ name, used, limit }) => /^what primary has for/.test(name) && used === limit,
    ),
  );
  return next;
}

test("a source that has its share waits for its turn, and the log can say so", async (t) => {
  const lab = await openLab(t);
  const crowd = Array.from({ length: SHARE }, () => openClient(lab.port("primary"), CROWD));
  await Promise.all(crowd.map(({ node }) => node));

  const next = await nextInQueue(lab);
  assert.equal(lab.sessionsOn("orders-1"), SHARE);

  leave(crowd);
  assert.equal(await next.node, "orders-1");
  next.socket.destroy();
});

test("whose turn comes while a hold lasts waits on, and reaches the next leader", async (t) => {
  const lab = await openLab(t);
  lab.agent.vouched.add("primary/orders-2");
  const crowd = Array.from({ length: SHARE }, () => openClient(lab.port("primary"), CROWD));
  await Promise.all(crowd.map(({ node }) => node));
  const next = await nextInQueue(lab);

  await lab.apply(held(wantedOf("orders-1")));
  leave(crowd);
  await until("the others have left", 5_000, () => lab.sessionsOn("orders-1") === 0);
  await pause(500);
  assert.equal(lab.seenOn("orders-1"), SHARE, "it was let on to the old leader");

  await lab.apply(wantedOf("orders-2"));
  assert.equal(await next.node, "orders-2");
  next.socket.destroy();
});

test("who comes while a hold lasts gets no more than the share after it either", async (t) => {
  const lab = await openLab(t, { tls: true });
  await lab.apply(held(wantedOf("orders-1")));
  const crowd = Array.from({ length: TWICE_AS_MANY }, () =>
    openTlsClient(lab.port("primary"), CROWD),
  );
  await Promise.all(crowd.map(({ secured }) => secured));
  const other = openTlsClient(lab.port("primary"), ANOTHER);
  await other.secured;

  await lab.apply(wantedOf("orders-1"));

  assert.equal(await other.node, "orders-1");
  await until("it has its share", 20_000, () => lab.sessionsOn("orders-1") === SHARE + 1);
  leave([...crowd, other]);
});
