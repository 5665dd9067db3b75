import assert from "node:assert/strict";
import { test } from "node:test";
import type { Channel, ConfirmChannel } from "amqplib";

import { closedToOthers } from "../../../tests/support/closed-files.ts";
import { exec, until } from "../../../tests/support/containers.ts";
import { docker } from "../../../tests/support/docker.ts";
import { loneNodeFor } from "../../../tests/support/lone-node.ts";
import { nodeImage } from "../../../tests/support/node-image.ts";
import { MUCH, standingStill } from "../../../tests/support/slow-way.ts";
import { clientFor, farewell, unlessLost } from "./client.ts";

const PATIENCE = 240;
const MEMORY = 512;
const NAME = "jobs-1";
const MESSAGE = 2 ** 20;

test("a node of the RabbitMQ image", async (t) => {
  const image = await nodeImage("rabbitmq");
  const secretsWith = (app: string) => ({ app, cookie: "the cookie of all nodes" });
  const { id, address, put } = await loneNodeFor(t, {
    image,
    name: NAME,
    memory: MEMORY,
    description: { user: "jobs", database: "jobs" },
    secrets: secretsWith("a-password"),
    pairs: ["peer"],
  });
  const login = async (password: string): Promise<boolean> =>
    (await exec(id, ["rabbitmqctl", "authenticate_user", "jobs", password])).code === 0;

  await until("the first password", PATIENCE, () => login("a-password"));
  const uriAt = (address: string) => `amqp://jobs:a-password@${address}/jobs`;
  const { end } = await standingStill({ address, port: 5672 }, (port) =>
    readAndSend(uriAt(`${address}:5672`), uriAt(`127.0.0.1:${port}`)),
  );

  await t.test("a new password is taken without a restart, and the old one ends", async () => {
    const { State } = await docker.getContainer(id).inspect();
    await put("secrets.json", JSON.stringify(secretsWith("of the next rotation")));
    await until("the new password", PATIENCE, () => login("of the next rotation"));

    assert.equal(await login("a-password"), false);
    assert.equal((await docker.getContainer(id).inspect()).State.StartedAt, State.StartedAt);
  });

  await t.test(
    "each user of a node reads its own secrets alone, and changes neither settings nor programs",
    () => closedToOthers(id, { rabbitmq: "all" }),
  );

  await t.test(
    "clients that stand still for more than a minute, reading or sending, get and send everything",
    async () => assert.deepEqual(await end, { read: MUCH, sent: MUCH }),
  );
});

/** `uri` and `slow` lead to the same node. What is sent counts once RabbitMQ has confirmed it. */
async function readAndSend(uri: string, slow: string): Promise<{ read: number; sent: number }> {
  const [straight, reader, sender] = await Promise.all([
    clientFor(uri),
    clientFor(slow),
    clientFor(slow),
  ]);
  const filling = await straight.createConfirmChannel();
  await filling.assertQueue("to send");
  await filling.assertQueue("to read");
  await send(filling, "to read");

  const sending = await sender.createConfirmChannel();
  const [read] = await Promise.all([
    unlessLost(reader, receive(await reader.createChannel(), "to read")),
    unlessLost(sender, send(sending, "to send")),
  ]);
  const { messageCount } = await filling.checkQueue("to send");
  await Promise.all([straight, reader, sender].map(farewell));
  return { read, sent: messageCount * MESSAGE };
}

async function send(channel: ConfirmChannel, queue: string): Promise<void> {
  for (let sent = 0; sent < MUCH; sent += MESSAGE)
    channel.sendToQueue(queue, Buffer.alloc(MESSAGE), { persistent: true });
  await channel.waitForConfirms();
}

/** Resolves with the size of all that came, once that is all. */
function receive(channel: Channel, queue: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let read = 0;
    channel
      .consume(queue, (message) => {
        read += message?.content.length ?? 0;
        if (read >= MUCH) resolve(read);
      })
      .catch(reject);
  });
}
