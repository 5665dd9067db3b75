import { Client } from "@elastic/elasticsearch";

import type { Driver, Target } from "../../../tests/support/writer.ts";

export const INDEX = "written";

/** Longer than any hold: whoever waits longer than this hangs. */
const LONGEST_WAIT = 60_000;

/** A client for one URI of the outputs. It asks for no other nodes, and repeats nothing by itself. */
export function clientFor(node: string, ca: string): Client {
  return new Client({
    node,
    ssl: { ca, rejectUnauthorized: true },
    sniffOnStart: false,
    sniffOnConnectionFault: false,
    maxRetries: 0,
    requestTimeout: LONGEST_WAIT,
    agent: { keepAlive: true, maxSockets: 1, maxFreeSockets: 1 },
  });
}

/** Indexes ids, each acknowledged on its own, over one connection that is kept. `addresses`: each node's, by its name. */
export function indexing(addresses: Readonly<Record<string, string>>): Driver {
  return {
    connect: async ({ host, port, user, password, ca }: Target) => {
      const client = clientFor(`https://${user}:${password}@${host}:${port}`, ca);
      const end = () => client.close().catch(() => {});
      try {
        const server = await client.info().then(({ body }) => addresses[body.name] ?? "unknown");
        return {
          write: async (id) => {
            await client.index({ index: INDEX, id, body: { id }, op_type: "create" });
            return server;
          },
          end,
        };
      } catch (error) {
        await end();
        throw error;
      }
    },
  };
}

/** The ids of all documents that are in the index now. */
export async function idsIn(node: string, ca: string): Promise<ReadonlySet<string>> {
  const client = clientFor(node, ca);
  try {
    await client.indices.refresh({ index: INDEX });
    const ids = new Set<string>();
    const query = { index: INDEX, size: 5000, _source: ["id"] };
    for await (const { id } of client.helpers.scrollDocuments<{ id: string }>(query)) ids.add(id);
    return ids;
  } finally {
    await client.close();
  }
}
