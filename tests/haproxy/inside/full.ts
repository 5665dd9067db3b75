import assert from "node:assert/strict";
import { test } from "node:test";

import { tellFull } from "../../../proxy-image/src/report/fullness.ts";
import { until } from "../../support/until.ts";
import { type Client, createLab, type Lab, openClient, wantedOf } from "../lab.ts";

const sayings = async (lab: Lab): Promise<string> =>
  tellFull(new Set(), (await lab.actual()).rooms)
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
    (await sayings(lab)).startsWith("orders-1 on primary is full: 90 of 90 connections"),
  );
  assert.equal(lab.sessionsOn("orders-1"), 90);

  clients[0]?.socket.destroy();
  assert.equal(await next.node, "orders-1");
  for (const { socket } of [...clients, next]) socket.destroy();
});

test("a portal out of descriptors keeps whom it has, takes the next one when there is room, and the log can say why", async (t) => {
  const lab = await createLab(t, { descriptors: 400 });
  lab.agent.vouched.add("primary/orders-1").add("replica/orders-2");
  await lab.settle(wantedOf("orders-1", ["orders-2"]));
  const clients = Array.from({ length: 200 }, (_, index) =>
    openClient(lab.port(index % 2 === 0 ? "primary" : "replica")),
  );
  await until("the reason", 10_000, async () =>
    (await sayings(lab)).startsWith("this portal is full"),
  );
  const served = clients.slice(0, 10);
  await Promise.all(served.map(({ node }) => node));
  for (const client of served) assert.equal(await echoes(client), "still here");

  for (const { socket } of clients) socket.destroy();
  const next = openClient(lab.port("primary"));
  assert.equal(await next.node, "orders-1");
  next.socket.destroy();
});
