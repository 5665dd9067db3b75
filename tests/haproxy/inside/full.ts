import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";

import { describeOccupancy } from "../../../proxy-image/src/report/verdict-log.ts";
import { until } from "../../support/until.ts";
import type { Client, Lab } from "../lab.ts";
import { createLab, held, nodeBehind, openClient, wantedOf } from "../lab.ts";

const messagesOf = async (lab: Lab): Promise<string> =>
  describeOccupancy(new Set(), (await lab.actual()).capacities)
    .lines.map(({ msg }) => msg)
    .join();

async function echoes({ socket }: Client): Promise<string> {
  const answer = new Promise<Buffer>((resolve) => socket.once("data", resolve));
  socket.write("still here");
  return (await answer).toString();
}

test("a node with all the sessions it gets: the next client waits until one leaves, and the log can say why", async (t) => {
  const lab = await createLab(t);
  lab.agent.vouched.add("primary/orders-1");
  await lab.settle(wantedOf("orders-1"));
  // One source alone doesn't get all of it.
  const clients = Array.from({ length: 90 }, (_, index) =>
    openClient(lab.port("primary"), `127.0.0.${2 + (index % 2)}`),
  );
  await Promise.all(clients.map(({ node }) => node));

  const next = openClient(lab.port("primary"));
  await until("the reason", 10_000, async () =>
    (await messagesOf(lab)).startsWith("orders-1 on primary is full: 90 of 90 connections"),
  );
  assert.equal(lab.sessionsOn("orders-1"), 90);

  clients[0]?.socket.destroy();
  assert.equal(await next.node, "orders-1");
  for (const { socket } of [...clients, next]) socket.destroy();
});

/**
 * The checks of the slots need a connection to HAProxy themselves. By then two of a slot's would have gone unanswered, and it be down with
 * all its sessions.
 */
const TWO_CHECKS_MS = 9_000;

/** Three sources, so that none has too many. */
const crowdOf = (port: number, size: number): readonly Client[] =>
  Array.from({ length: size }, (_, index) => openClient(port, `127.0.0.${2 + (index % 3)}`));

async function whoIsServed(clients: readonly Client[]): Promise<readonly Client[]> {
  const served = new Set<Client>();
  for (const client of clients)
    void client.node.then((node) => node === undefined || served.add(client));
  await until("ten are served", 10_000, () => served.size >= 10);
  return [...served];
}

test("an endpoint that has all its connections keeps whom it serves, leaves the others alone, and the log can say why", async (t) => {
  const lab = await createLab(t, { descriptors: 1_200 });
  lab.agent.vouched.add("primary/orders-1").add("replica/orders-2");
  await lab.settle(wantedOf("orders-1", ["orders-2"]));
  const clients = crowdOf(lab.port("primary"), 180);
  await until("the reason", 10_000, async () =>
    (await messagesOf(lab)).includes("this portal's primary is full"),
  );
  const served = await whoIsServed(clients);

  await setTimeout(TWO_CHECKS_MS);

  for (const client of served) {
    assert.ok(client.live(), "it was cut");
    assert.equal(await echoes(client), "still here");
  }
  assert.equal(await nodeBehind(lab.port("replica")), "orders-2");
  for (const { socket } of clients) socket.destroy();
  assert.equal(await nodeBehind(lab.port("primary")), "orders-1");
});

test("with all endpoints full at once, too, nobody's session is cut", async (t) => {
  const lab = await createLab(t, { descriptors: 1_200 });
  lab.agent.vouched.add("primary/orders-1").add("replica/orders-2");
  await lab.settle(wantedOf("orders-1", ["orders-2"]));
  const clients = ["primary", "replica"].flatMap((name) => crowdOf(lab.port(name), 180));
  await until("the reason", 10_000, async () => {
    const messages = await messagesOf(lab);
    return ["primary", "replica"].every((name) => messages.includes(`portal's ${name} is full`));
  });
  const served = await whoIsServed(clients);

  await setTimeout(TWO_CHECKS_MS);

  for (const client of served) {
    assert.ok(client.live(), "it was cut");
    assert.equal(await echoes(client), "still here");
  }
  for (const { socket } of clients) socket.destroy();
  for (const [name, node] of [
    ["primary", "orders-1"],
    ["replica", "orders-2"],
  ] as const)
    assert.equal(await nodeBehind(lab.port(name)), node);
});

test("a hold gives an endpoint back the connections that it takes", async (t) => {
  const lab = await createLab(t, { descriptors: 1_200 });
  lab.agent.vouched.add("primary/orders-1");
  const limit = async () =>
    (await lab.actual()).capacities.find(({ name }) => name === "this portal's primary")?.limit;
  await lab.settle(wantedOf("orders-1"));
  const before = await limit();
  assert.ok(before);

  await lab.apply(held(wantedOf("orders-1")));
  assert.equal(await limit(), undefined);

  await lab.settle(wantedOf("orders-1"));
  assert.equal(await limit(), before);
});
