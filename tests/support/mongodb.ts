import { MongoClient } from "mongodb";

import type { Driver, Target } from "./writer.ts";

/** Longer than any hold: whoever waits longer than this hangs. */
const LONGEST_WAIT = 60_000;

/** A client of one connection. The server's certificate is always verified, unless it is plain. */
export function clientFor(target: Target): MongoClient {
  const { host, port, user, password, database, ca, plain } = target;
  const at = `mongodb://${user}:${password}@${host}:${port}/${database}`;
  return new MongoClient(`${at}?directConnection=true`, {
    ...(!plain && { tls: true, ca }),
    maxPoolSize: 1,
    retryWrites: false,
    serverSelectionTimeoutMS: LONGEST_WAIT,
    connectTimeoutMS: LONGEST_WAIT,
    socketTimeoutMS: LONGEST_WAIT,
  });
}

/** Inserts ids into a collection. A session ends with its connection: the driver's own silent reconnects would hide what is measured. */
export function inserting(collection: string): Driver {
  return {
    connect: async (target) => {
      const client = clientFor(target);
      const end = () => client.close().catch(() => {});
      try {
        await client.connect();
        const { me = "" } = await client.db().command({ hello: 1 });
        const server = String(me).replace(/:\d+$/, "");
        return { write: (id) => insert(client, collection, id).then(() => server), end };
      } catch (error) {
        // A client left open asks its server for news for good, and keeps the process alive with it.
        await end();
        throw error;
      }
    },
  };
}

async function insert(client: MongoClient, collection: string, id: string): Promise<void> {
  await client.db().command({ insert: collection, documents: [{ _id: id }] });
}
