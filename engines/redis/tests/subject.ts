import type { Led } from "../../../tests/engines/conformance.ts";
import { type Cluster, containerOf, inNode, targetsOf } from "../../../tests/support/cluster.ts";
import { execWell } from "../../../tests/support/containers.ts";
import type { Target } from "../../../tests/support/writer.ts";
import { adding, redisClient } from "./client.ts";

const SET = "written";

export const driver = adding(SET);

export function redis(cluster: Cluster) {
  const { nodes } = cluster;

  /** What a node says of its role, through the user that needs no secret. */
  const roleOf = (node: string): Promise<string> => {
    const login = ["--no-auth-warning", "--user", "probe", "--pass", "x"];
    return inNode(cluster, node, "/usr/bin/valkey-cli", ...login, "role");
  };

  const leader = async (among: readonly string[]): Promise<string> => {
    const roles = await Promise.all(among.map((node) => roleOf(node).catch(() => "")));
    // Without a replica it takes no writes.
    const found = among.filter((_, index) => /^master\n\d+\n\d/.test(roles[index] ?? ""));
    const [only] = found;
    if (only === undefined || found.length > 1) throw new Error(`${found.length} nodes lead`);
    return only;
  };

  async function through<T>(
    endpoint: string,
    portal: number,
    use: (client: Awaited<ReturnType<typeof redisClient>>) => Promise<T>,
  ): Promise<T> {
    const client = await redisClient(targetsOf(cluster, endpoint)[portal] as Target);
    try {
      return await use(client);
    } finally {
      client.disconnect();
    }
  }

  const whole = async (): Promise<true> => {
    for (const node of nodes) {
      await inNode(cluster, node, "sh", "/usr/local/lib/portico/health");
      // A Sentinel that was frozen helps nobody for 30 s after it wakes up.
      const info = await inNode(cluster, node, "sentinel-cli", "info", "sentinel");
      if (!/^sentinel_tilt:0\b/m.test(info)) throw new Error(`${node}'s Sentinel is in tilt`);
    }
    for (const portal of [0, 1])
      await through("primary", portal, (client) => client.set("whole", "yes"));
    return true;
  };

  /** Returns once it is done on all nodes. */
  const sentinels = (wait: string, option: string) => async (): Promise<void> => {
    const command = [
      "s6-svc",
      wait,
      "-T",
      "10000",
      option,
      "/run/portico/valkey/services/sentinel",
    ];
    const each = nodes.map((node) => execWell(containerOf(cluster, node), command, "valkey"));
    await Promise.all(each);
  };

  const led: Led = {
    ...{ cluster, driver, whole, leader },
    written: () => through("primary", 0, async (client) => new Set(await client.smembers(SET))),
    switchover: async (old) => {
      const asked = nodes.find((node) => node !== old) ?? old;
      await inNode(cluster, asked, "/usr/local/lib/portico/switchover");
    },
    evidence: { lose: sentinels("-wD", "-d"), giveBack: sentinels("-wu", "-u") },
    // Replicas follow within a second; a leader that none of them follows takes no writes after `min-replicas-max-lag`, 10 s.
    mayLose: { beforeDeathMs: 1000, cutOffMs: 11_000 },
    isMisrouted: ({ message }) => message.startsWith("READONLY"),
  };
  return { led, through };
}
