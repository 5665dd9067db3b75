import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { createHolds } from "../../../proxy-image/src/apply/hold.ts";
import { readSessions } from "../../../proxy-image/src/apply/replies.ts";
import { sendOnce } from "../../../proxy-image/src/apply/runtime-socket.ts";
import type { Wanted, WantedEndpoint } from "../../../proxy-image/src/model/haproxy.ts";
import { until } from "../../support/until.ts";
import type { Lab } from "../lab.ts";
import { blocks, createLab, EVERYBODY, openTlsClient, startTls, stops, wantedOf } from "../lab.ts";

// Endpoints whose TLS ends at the portal: a client's time-out for TLS is shorter than a hold may be.

function gated(gate: WantedEndpoint["gate"], whitelist = EVERYBODY): Wanted {
  const { primary, ...others } = wantedOf("orders-1").endpoints;
  assert.ok(primary);
  return { whitelist, endpoints: { ...others, primary: { ...primary, gate } } };
}

async function heldLab(t: TestContext): Promise<Lab> {
  const lab = await createLab(t, { tls: true });
  lab.agent.vouched.add("primary/orders-1").add("primary/orders-2");
  await lab.settle(wantedOf("orders-1"));
  await lab.apply(gated("held"));
  return lab;
}

async function waitingClients(lab: Lab, count: number, from?: string) {
  const clients = Array.from({ length: count }, () => openTlsClient(lab.port("primary"), from));
  const secured = await Promise.all(clients.map(({ secured }) => secured));
  assert.ok(secured.every(Boolean), "a handshake failed");
  for (const { socket } of clients) socket.write("first words");
  return clients;
}

/** Those of clients: HAProxy's own socket has some, too. */
const sessions = async (lab: Lab) => {
  const reply = await sendOnce(lab.adminSocket, ["show sess"], { deadlineMs: 10_000 });
  const all = reply.kind === "reply" ? readSessions(reply.blocks[0] ?? "") : [];
  return all.filter(({ frontend }) => /^(in|lobby)_/.test(frontend));
};

test("a held endpoint finishes TLS at once, and no byte reaches a node before a leader is proved: then all are served", async (t) => {
  const lab = await heldLab(t);

  const clients = await waitingClients(lab, 60);
  await pause(300);
  assert.equal(lab.sessionsOn("orders-1") + lab.sessionsOn("orders-2"), 0);
  const released = performance.now();
  await lab.apply(wantedOf("orders-2"));

  const nodes = await Promise.all(clients.map(({ node }) => node));
  t.diagnostic(
    `60 clients were served ${Math.round(performance.now() - released)} ms after the release`,
  );
  assert.deepEqual(new Set(nodes.map((greeting) => greeting?.slice(0, 8))), new Set(["orders-2"]));
  for (const { socket } of clients) socket.destroy();
});

test("a client whose first words of TLS were lost three times is served", async (t) => {
  const lab = await createLab(t, { tls: true });
  lab.agent.vouched.add("primary/orders-1");
  await lab.settle(wantedOf("orders-1"));
  const raw = connect({ port: lab.port("primary"), host: "127.0.0.1" });
  await once(raw, "connect");
  await pause(7_000);

  const client = startTls(raw);

  assert.equal(await Promise.race([client.node, pause(10_000, "no answer")]), "orders-1");
  client.socket.destroy();
});

test("after a hold who comes goes straight to the leader", async (t) => {
  const lab = await heldLab(t);
  await lab.settle(wantedOf("orders-1"));

  const client = openTlsClient(lab.port("primary"));
  assert.equal(await client.node, "orders-1");
  const frontends = (await sessions(lab)).map(({ frontend, backend }) => [frontend, backend]);
  assert.deepEqual(frontends, [["in_primary", "primary"]]);
  client.socket.destroy();
});

test("who gave up while waiting never reaches a node, and the others do", async (t) => {
  const lab = await heldLab(t);
  const patient = await waitingClients(lab, 5);
  const gone = await waitingClients(lab, 20);

  for (const { socket } of gone) socket.destroy();
  await until("they are seen to have left", 5_000, async () => (await sessions(lab)).length === 5);
  await lab.apply(wantedOf("orders-1"));

  await Promise.all(patient.map(({ node }) => node));
  await pause(300);
  assert.equal(lab.seenOn("orders-1"), 5);
  for (const { socket } of patient) socket.destroy();
});

test("a source that is taken off the whitelist is cut while it waits, and its words reach no node", async (t) => {
  const lab = await heldLab(t);
  const guests = await waitingClients(lab, 5, "127.0.0.8");
  const [listed] = await waitingClients(lab, 1);

  await lab.settle(gated("held", blocks("127.0.0.1/32")));
  await Promise.all(guests.map(({ ended }) => ended));
  assert.ok(listed?.live());
  await lab.settle({ ...wantedOf("orders-1"), whitelist: blocks("127.0.0.1/32") });

  assert.match((await listed?.node) ?? "", /^orders-1/);
  await pause(300);
  assert.equal(lab.seenOn("orders-1"), 1);
  listed?.socket.destroy();
});

test("a gate that closes after a hold sends all away who wait", async (t) => {
  const lab = await heldLab(t);
  const clients = await waitingClients(lab, 10);

  await lab.apply(gated("closed"));

  await Promise.all(clients.map(({ ended }) => ended));
  assert.equal(lab.seenOn("orders-1"), 0);
  const late = openTlsClient(lab.port("primary"));
  assert.equal(await late.node, undefined);
});

test("a hold behind TLS ends by itself when the agent freezes", async (t) => {
  const lab = await createLab(t, { tls: true });
  lab.agent.vouched.add("primary/orders-1");
  await lab.settle(wantedOf("orders-1"));
  const holds = createHolds(lab.adminSocket, () => {}, { lastsMs: 2_000, renewMs: 1_000 });
  t.after(() => holds.close());
  holds.start("primary", stops("lobby_primary"));
  const frontend = async () => (await lab.actual()).endpoints.primary?.frontend;
  await until("the endpoint is held", 10_000, async () => (await frontend()) !== "accepting");

  const [client] = await waitingClients(lab, 1);

  assert.match((await client?.node) ?? "", /^orders-1/);
  assert.equal(await frontend(), "accepting");
  client?.socket.destroy();
});
