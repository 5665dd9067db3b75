import { MongoClient } from "mongodb";

import { bringUp, containerOf, targetsOf } from "../support/cluster.ts";
import { exec } from "../support/containers.ts";
import type { Driver, Target } from "../support/writer.ts";
import { followsItsLeader } from "./conformance.ts";

// The servers are stand-ins for MongoDB (tools/airgap/engines/mongodb); driver, portal and agent are real.
const cluster = await bringUp({ name: "carts", engine: "mongodb" });
function clientFor({ host, port, user, password, database, ca }: Target): MongoClient {
  const at = `mongodb://${user}:${password}@${host}:${port}/${database}`;
  return new MongoClient(`${at}?directConnection=true&tls=true`, {
    ca,
    maxPoolSize: 1,
    retryWrites: false,
    serverSelectionTimeoutMS: 60_000,
    connectTimeoutMS: 60_000,
    socketTimeoutMS: 60_000,
  });
}

/** Each session ends with its connection: the driver's own silent reconnects would hide what is measured. */
const driver: Driver = {
  connect: async (target) => {
    const client = clientFor(target);
    await client.connect();
    const { me = "" } = await client.db().command({ hello: 1 });
    return {
      write: async (id) => {
        await client.db().command({ insert: "written", documents: [{ _id: id }] });
        return String(me).replace(/:\d+$/, "");
      },
      end: () => client.close().catch(() => {}),
    };
  },
};

async function written(): Promise<ReadonlySet<string>> {
  const client = clientFor(targetsOf(cluster, "primary")[0] as Target);
  try {
    const found = await client.db().collection<{ _id: string }>("written").find().toArray();
    return new Set(found.map(({ _id }) => _id));
  } finally {
    await client.close();
  }
}

/** The member's own word, asked in its container. */
async function isPrimary(node: string): Promise<boolean> {
  const { code } = await exec(containerOf(cluster, node), [
    "node",
    "/usr/local/lib/portico/health.mjs",
    "primary",
  ]);
  return code === 0;
}

async function leader(among: readonly string[]): Promise<string> {
  const answers = await Promise.all(among.map((node) => isPrimary(node).catch(() => false)));
  const found = among.filter((_, index) => answers[index]);
  if (found.length !== 1) throw new Error(`${found.length} members are primary`);
  return found[0] as string;
}

followsItsLeader({
  cluster,
  driver,
  written,
  leader,
  whole: async () => {
    await leader(cluster.nodes);
    await written();
    return true;
  },
  switchover: async (old) => {
    await exec(containerOf(cluster, old), ["/usr/local/lib/portico/switchover"]);
  },
  isMisrouted: ({ code, during }) => during === "write" && code === "10107",
});
