import assert from "node:assert/strict";
import { test } from "node:test";
import { Redis } from "ioredis";

import { until } from "../../../../tests/support/containers.ts";
import { loneNodeFor } from "../../../../tests/support/lone-node.ts";
import { MUCH, standingStill } from "../../../../tests/support/slow-way.ts";
import { buildImage } from "./cluster.ts";

const VALUE = 2 ** 20;
const PARTS = MUCH / VALUE;
const PORT = 6379;

// On a node of their own: the cluster's other tests end sessions. It has so much memory that what waits for the clients is little.
export function slowClientTests(): void {
  test("clients that stand still for more than a minute, reading, subscribed or sending, get and send everything", async (t) => {
    const { address } = await loneNodeFor(t, {
      image: await buildImage(),
      name: "orders-1",
      memory: 2048,
      description: { user: "orders" },
      secrets: {
        app: "app",
        replication: "replication",
        sentinel: "sentinel",
        operator: "operator",
      },
      pairs: [],
    });
    const login = async (host: string, port: number): Promise<Redis> => {
      const who = { username: "orders", password: "app", enableReadyCheck: false };
      const client = new Redis({ ...who, host, port, lazyConnect: true, retryStrategy: null });
      client.on("error", () => {});
      t.after(() => client.disconnect());
      await client.connect();
      return client;
    };
    const straight = await until("a session", 120, () => login(address, PORT));
    await until("a leader", 120, async () => (await straight.set("0", "")) === "OK");
    const keys = Array.from({ length: PARTS }, (_, index) => String(index));
    for (const key of keys) await straight.set(key, "x".repeat(VALUE));

    const { end } = await standingStill({ address, port: PORT }, async (port) => {
      const slow = () => login("127.0.0.1", port);
      const [reader, subscriber, sender] = await Promise.all([slow(), slow(), slow()]);
      const received = receive(subscriber);
      await subscriber.subscribe("news");
      const [values] = await Promise.all([
        reader.mgetBuffer(keys),
        sender.set("sent", "x".repeat(MUCH)),
        ...keys.map(() => straight.publish("news", "x".repeat(VALUE))),
      ]);
      return {
        read: values.reduce((sum, value) => sum + (value?.length ?? 0), 0),
        received: await received,
        sent: await straight.strlen("sent"),
      };
    });
    assert.deepEqual(await end, { read: MUCH, received: MUCH, sent: MUCH });
  });
}

/** Resolves with the size of all that is published, once that has come. */
function receive(subscriber: Redis): Promise<number> {
  return new Promise((resolve, reject) => {
    let received = 0;
    subscriber.on("message", (_channel: string, message: string) => {
      received += message.length;
      if (received >= MUCH) resolve(received);
    });
    subscriber.once("close", () =>
      reject(new Error(`the subscriber was cut after ${received} bytes`)),
    );
  });
}
