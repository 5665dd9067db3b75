import type { ChannelModel, ConfirmChannel } from "amqplib";
import { connect } from "amqplib";

import { until } from "../../../tests/support/containers.ts";
import type { Driver, Target } from "../../../tests/support/writer.ts";

export const QUEUE = "written";

/** Longer than any hold: whoever waits longer than this hangs. */
const LONGEST_WAIT = 60_000;

/** As many as AMQP 0-9-1 can say. */
const MOST_UNACKNOWLEDGED = 65_535;

/** A URI as the deployment's outputs have it, with the authority given beside it, as amqplib wants it. Without one the URI is a node's own. */
export async function clientFor(uri: string, ca?: string): Promise<ChannelModel> {
  const client = await connect(uri, { ca, timeout: LONGEST_WAIT });
  // Without a listener an error between two calls ends the process: the next call tells of it.
  client.on("error", () => {});
  return client;
}

/** Ends a client. One whose connection broke at the wrong moment never says that it has ended. */
export async function farewell(client: ChannelModel): Promise<void> {
  let patience: NodeJS.Timeout | undefined;
  const over = new Promise((resolve) => {
    patience = setTimeout(resolve, 1000);
  });
  await Promise.race([client.close().catch(() => {}), over]);
  clearTimeout(patience);
}

/** Rejects when the connection ends before `work` is done: amqplib itself may say nothing then. */
export function unlessLost<T>(client: ChannelModel, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const lost = (): void => reject(new Error("the connection ended before the answer"));
    client.once("close", lost);
    work.then(resolve, reject).finally(() => client.off("close", lost));
  });
}

/** The node that a client is on, as that node says itself. */
export function nodeOf(client: ChannelModel): string {
  const { serverProperties } = client.connection as unknown as {
    readonly serverProperties: Readonly<Record<string, unknown>>;
  };
  return String(serverProperties.node);
}

/**
 * Publishes ids into a quorum queue, each confirmed on its own: it is on the disks of a majority then. `addresses`: each
 * node's, by its name.
 */
export function publishing(addresses: Readonly<Record<string, string>>): Driver {
  return {
    connect: async ({ host, port, user, password, database, ca }: Target) => {
      const client = await clientFor(
        `amqps://${user}:${password}@${host}:${port}/${database}?heartbeat=5`,
        ca,
      );
      const channel = await unlessLost(client, client.createConfirmChannel()).catch(
        async (error) => {
          await farewell(client);
          throw error;
        },
      );
      channel.on("error", () => {});
      const server = addresses[nodeOf(client)] ?? "unknown";
      return {
        write: async (id) => {
          await unlessLost(client, confirmed(channel, id));
          return server;
        },
        end: () => farewell(client),
      };
    },
  };
}

function confirmed(channel: ConfirmChannel, id: string): Promise<void> {
  return new Promise((resolve, reject) => {
    channel.publish("", QUEUE, Buffer.from(id), { persistent: true, mandatory: true }, (error) => {
      error ? reject(error) : resolve();
    });
  });
}

/** The ids of all messages that are in the queue now. They stay in it. */
export async function idsIn(uri: string, ca: string): Promise<ReadonlySet<string>> {
  const client = await clientFor(uri, ca);
  try {
    const channel = await unlessLost(client, client.createChannel());
    // Without a number of its own a consumer of a quorum queue is handed 2000 messages and no more before it acknowledges.
    await unlessLost(client, channel.prefetch(MOST_UNACKNOWLEDGED));
    const { messageCount } = await unlessLost(client, channel.checkQueue(QUEUE));
    const ids: string[] = [];
    let over = false;
    client.once("close", () => {
      over = true;
    });
    await channel.consume(QUEUE, (message) => {
      if (message === null) over = true;
      else ids.push(message.content.toString());
    });
    await until("every message was read", 60, async () => {
      if (over) throw new Error("the connection ended before all was read");
      return ids.length >= messageCount;
    });
    // What was not acknowledged goes back into the queue when the connection ends.
    return new Set(ids);
  } finally {
    await farewell(client);
  }
}
