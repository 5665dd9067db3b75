import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { readSessions } from "../../../proxy-image/src/apply/replies.ts";
import { sendOnce } from "../../../proxy-image/src/apply/runtime-socket.ts";
import { plan } from "../../../proxy-image/src/plan/plan.ts";
import { until } from "../../support/until.ts";
import type { Lab } from "../lab.ts";
import { createLab, held, openClient, wantedOf } from "../lab.ts";
import { reconnectingClients } from "../reconnecting.ts";

/** A node that is opened before the old one is out leaves a session there in one of some hundred switches. */
const FLIPS = 240;
/** What is left on the old leader would stay there for good. */
const PATIENCE_MS = 5_000;

/** Lets a node's slot lead to a port that nobody listens on. */
const refuseAll = (lab: Lab, node: string) => lead(lab, node, "127.0.1.1", 1);

const acceptAll = (lab: Lab, node: string) => {
  const { address = "", port = 0 } = lab.document.nodes[node] ?? {};
  return lead(lab, node, address, port);
};

async function lead(lab: Lab, node: string, address: string, port: number): Promise<void> {
  const line = [`set server primary/${node} addr ${address} port ${port}`];
  assert.equal((await sendOnce(lab.adminSocket, line, { deadlineMs: 10_000 })).kind, "reply");
}

async function untilWaiting(lab: Lab, count: number): Promise<void> {
  await until("HAProxy tries to connect them", 5_000, async () => {
    const reply = await sendOnce(lab.adminSocket, ["show sess"], { deadlineMs: 10_000 });
    const sessions = reply.kind === "reply" ? readSessions(reply.blocks[0] ?? "") : [];
    return sessions.filter(({ state }) => state === "waiting").length >= count;
  });
}

/** How often HAProxy has tried again to connect somebody to the leader. */
async function triesOf(lab: Lab): Promise<number> {
  const reply = await sendOnce(lab.adminSocket, ["show stat primary 2 -1"], { deadlineMs: 10_000 });
  assert.equal(reply.kind, "reply");
  const [names = [], values = []] = (reply.blocks[0] ?? "")
    .split("\n")
    .map((row) => row.split(","));
  return Number(values[names.indexOf("wretr")]);
}

test("no session is left on the old leader after any of many switches under load", async (t) => {
  const lab = await createLab(t);
  lab.agent.vouched.add("primary/orders-1").add("primary/orders-2");
  await lab.settle(wantedOf("orders-1"));
  const load = reconnectingClients(t, lab);
  for (let flip = 0; flip < FLIPS; flip++) {
    const [from, to] = flip % 2 === 0 ? ["orders-1", "orders-2"] : ["orders-2", "orders-1"];
    const begun = load.served.length;
    await until(`clients of ${from}`, PATIENCE_MS, () => load.served.length >= begun + 5);
    load.stay();
    await lab.apply(wantedOf(to));
    await until(`no session on ${from}`, PATIENCE_MS, () => lab.sessionsOn(from) === 0);
    load.go();
  }
  const hanging = load.hanging();
  await load.stop();
  assert.equal(hanging, 0, "clients that were neither served nor sent away");
});

test("out of the rotation alone a slot keeps its sessions, so the plan ends them too", async (t) => {
  const lab = await createLab(t);
  lab.agent.vouched.add("primary/orders-1").add("primary/orders-2");
  await lab.settle(wantedOf("orders-1"));
  const client = openClient(lab.port("primary"));
  assert.equal(await client.node, "orders-1");

  const line = [
    "set server primary/orders-1 state drain",
    "set server primary/orders-2 state ready",
  ];
  assert.equal((await sendOnce(lab.adminSocket, line, { deadlineMs: 10_000 })).kind, "reply");
  await pause(100);
  assert.equal(lab.sessionsOn("orders-1"), 1);

  const commands = await lab.apply(wantedOf("orders-2"));
  assert.deepEqual(
    commands.map(({ kind }) => kind),
    ["shutdownSessions"],
  );
  await client.ended;
});

test("a client of a leader that refuses asks again several times a second", async (t) => {
  const lab = await createLab(t);
  lab.agent.vouched.add("primary/orders-1");
  await lab.settle(wantedOf("orders-1"));
  await refuseAll(lab, "orders-1");
  const client = openClient(lab.port("primary"));
  t.after(() => client.socket.destroy());

  await until("HAProxy asks again", 5_000, async () => (await triesOf(lab)) > 0);
  const before = await triesOf(lab);
  await pause(3_000);
  // HAProxy's usual pace would be three.
  assert.ok((await triesOf(lab)) - before >= 6);
});

test("a client that was still connecting to a lost leader reaches the new one, and none is left hanging", async (t) => {
  const lab = await createLab(t);
  lab.agent.vouched.add("primary/orders-1").add("primary/orders-2");
  await lab.settle(wantedOf("orders-1"));
  // Each connecting client waits for its next try.
  await refuseAll(lab, "orders-1");
  const clients = Array.from({ length: 20 }, () => openClient(lab.port("primary")));
  await untilWaiting(lab, 20);

  await lab.apply(wantedOf("orders-2"));

  const nodes = await Promise.all(clients.map(({ node }) => node));
  assert.deepEqual(new Set(nodes), new Set(["orders-2"]));
  for (const { socket } of clients) socket.destroy();
});

test("a client that was still connecting when its leader was cut waits until there is another, and is refused when there will be none", async (t) => {
  const lab = await createLab(t);
  lab.agent.vouched.add("primary/orders-1").add("primary/orders-2");
  for (const [next, nodes] of [
    [wantedOf("orders-2"), ["orders-2"]],
    [wantedOf(undefined), [undefined]],
  ] as const) {
    await lab.settle(wantedOf("orders-1"));
    await refuseAll(lab, "orders-1");
    const clients = Array.from({ length: 20 }, () => openClient(lab.port("primary")));
    await untilWaiting(lab, 20);
    await lab.apply(held(wantedOf(undefined)));
    await pause(2_000);
    assert.equal(clients.filter(({ live }) => live()).length, 20);

    await lab.apply(next);

    const served = await Promise.all(clients.map(({ node }) => node));
    assert.deepEqual(new Set(served), new Set(nodes));
    for (const { socket } of clients) socket.destroy();
    await acceptAll(lab, "orders-1");
  }
});

test("a drained reader keeps its sessions and gets no new ones", async (t) => {
  const lab = await createLab(t);
  lab.agent.vouched.add("replica/orders-1").add("replica/orders-2");
  await lab.settle(wantedOf(undefined, ["orders-1"]));
  const reader = openClient(lab.port("replica"));
  assert.equal(await reader.node, "orders-1");

  const wanted = wantedOf(undefined, ["orders-2"]);
  const { replica } = wanted.endpoints;
  assert.ok(replica);
  await lab.apply({
    ...wanted,
    endpoints: {
      ...wanted.endpoints,
      replica: { ...replica, slots: { ...replica.slots, "orders-1": "drain" } },
    },
  });

  const newcomers = Array.from({ length: 4 }, () => openClient(lab.port("replica")));
  const nodes = await Promise.all(newcomers.map(({ node }) => node));
  assert.deepEqual(new Set(nodes), new Set(["orders-2"]));
  assert.ok(reader.live());
  for (const { socket } of [reader, ...newcomers]) socket.destroy();
});

test("sessions that can't end are asked to with patience, and only what has ended is counted", async (t) => {
  const lab = await createLab(t);
  lab.agent.vouched.add("primary/orders-1").add("primary/orders-2");
  await lab.settle(wantedOf("orders-1"));
  const clients = Array.from({ length: 6 }, () => openClient(lab.port("primary")));
  await Promise.all(clients.map(({ node }) => node));
  lab.freeze("orders-1");
  // HAProxy has passed on that four clients are done. The node never says so itself.
  for (const { socket } of clients.slice(2)) socket.end();
  await pause(200);

  const wanted = wantedOf("orders-2");
  let cut = 0;
  let cycles = 0;
  const cycle = async () => {
    const applied = await lab.haproxy.execute(plan(await lab.actual(), wanted));
    assert.equal(applied.kind, "applied");
    if (applied.kind === "applied")
      cut += applied.cut.reduce((sum, { sessions }) => sum + sessions, 0);
    cycles++;
  };
  await cycle();
  await until("two have ended", 10_000, () => clients.filter(({ live }) => !live()).length >= 2);
  while (cycles < 20) await cycle();
  await pause(100);

  const late = lab.events.filter(({ kind }) => kind === "leftover-cut");
  assert.ok(late.length <= 2, `${late.length} lines of late sessions`);
  const lateSum = late.reduce((sum, event) => sum + ("sessions" in event ? event.sessions : 0), 0);
  const { sessions = 0 } = (await lab.actual()).endpoints.primary?.slots["orders-1"] ?? {};
  assert.equal(
    cut + lateSum + sessions,
    6,
    `${cut} and ${lateSum} are said to be cut, ${sessions} are left`,
  );
  for (const { socket } of clients) socket.destroy();
});
