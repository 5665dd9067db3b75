import type { Led } from "../../../tests/engines/conformance.ts";
import {
  allHealthy,
  type Cluster,
  containerOf,
  inNode,
  targetsOf,
} from "../../../tests/support/cluster.ts";
import { exec } from "../../../tests/support/containers.ts";
import type { Target } from "../../../tests/support/writer.ts";
import { clientFor, inserting } from "./client.ts";

const COLLECTION = "written";

export const driver = inserting(COLLECTION);

/** The servers are stand-ins for MongoDB (engines/mongodb/stand-in); driver, portal and agent are real. */
export function mongodb(cluster: Cluster): Led {
  async function idsThrough(target: Target): Promise<ReadonlySet<string>> {
    const client = clientFor(target);
    try {
      const found = await client.db().collection<{ _id: string }>(COLLECTION).find().toArray();
      return new Set(found.map(({ _id }) => _id));
    } finally {
      await client.close();
    }
  }

  /** The member's own word, asked in its container. */
  async function isPrimary(node: string): Promise<boolean> {
    const command = ["node", "/usr/local/lib/portico/health.mjs", "primary"];
    const { code } = await exec(containerOf(cluster, node), command);
    return code === 0;
  }

  async function leader(among: readonly string[]): Promise<string> {
    const answers = await Promise.all(among.map((node) => isPrimary(node).catch(() => false)));
    const found = among.filter((_, index) => answers[index]);
    if (found.length !== 1) throw new Error(`${found.length} members are primary`);
    return found[0] as string;
  }

  return {
    ...{ cluster, driver, leader },
    written: () => idsThrough(targetsOf(cluster, "primary")[0] as Target),
    whole: async () => {
      await allHealthy(cluster);
      await leader(cluster.nodes);
      for (const target of targetsOf(cluster, "primary")) await idsThrough(target);
      return true;
    },
    switchover: async (old) => {
      await inNode(cluster, old, "/usr/local/lib/portico/switchover");
    },
    leavesSessions: true,
    isMisrouted: ({ code, during }) => during === "write" && code === "10107",
  };
}
