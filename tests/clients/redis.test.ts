import { redis } from "../engines/subjects/redis.ts";
import { bringUp, containerOf } from "../support/cluster.ts";
import { docker } from "../support/docker.ts";
import { connectsAllClients, LONG_HOLD } from "./conformance.ts";

const cluster = await bringUp({ name: "cache", engine: "redis", deployment: LONG_HOLD });
const { led } = redis(cluster);
const { whole, leader, switchover, evidence } = led;
let frozen = "";

await connectsAllClients({
  ...{ cluster, engine: "redis", endpoint: "primary", whole, led: { leader, switchover } },
  mayLose: true,
  // Without Sentinels nobody is promoted: the portals hold until the leader wakes up.
  hold: {
    lose: async () => {
      frozen = await leader(cluster.nodes);
      await evidence?.lose();
      await docker.getContainer(containerOf(cluster, frozen)).pause();
    },
    giveBack: async () => {
      await docker.getContainer(containerOf(cluster, frozen)).unpause();
      await evidence?.giveBack();
    },
  },
});
