import { Redis } from "ioredis";

import type { Driver, Target } from "../../../tests/support/writer.ts";

/** Longer than any hold: whoever waits longer than this hangs. */
const LONGEST_WAIT = 60_000;

/** A client of one connection, which nobody opens again. The server's certificate is always verified, unless it is plain. */
export async function redisClient({
  host,
  port,
  user,
  password,
  ca,
  plain,
}: Target): Promise<Redis> {
  const client = new Redis({
    ...{ host, port, password },
    username: user,
    ...(!plain && { tls: { ca, rejectUnauthorized: true } }),
    lazyConnect: true,
    connectTimeout: LONGEST_WAIT,
    commandTimeout: LONGEST_WAIT,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    // Who is logged in is connected: by the node's own answer, and before the client asks INFO for its own sake.
    enableReadyCheck: false,
  });
  // Without a listener an error between commands would be printed; the next command tells of it.
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (error) {
    client.disconnect();
    throw error;
  }
  return client;
}

/** Adds ids to a set. */
export function adding(set: string): Driver {
  return {
    connect: async (target) => {
      const client = await redisClient(target);
      return {
        write: async (id) => {
          const [added, info] = await Promise.all([
            client.sadd(set, id),
            client.client("INFO") as Promise<string>,
          ]);
          if (added !== 1) throw new Error(`${id} was there already`);
          return /laddr=([\d.]+):/.exec(info)?.[1] ?? "";
        },
        end: async () => client.disconnect(),
      };
    },
  };
}
