import { connectsAllClients, LONG_HOLD } from "../../../tests/clients/conformance.ts";
import { bringUp, containerOf, inNode } from "../../../tests/support/cluster.ts";
import { until } from "../../../tests/support/containers.ts";
import { act, docker } from "../../../tests/support/docker.ts";
import { redis } from "./subject.ts";

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
      await act(docker.getContainer(containerOf(cluster, frozen)), "pause");
    },
    giveBack: async () => {
      await act(docker.getContainer(containerOf(cluster, frozen)), "unpause");
      // Frozen for so long it takes no writes before its replicas have answered again.
      await until("writes", 30, async () =>
        /^min_slaves_good_slaves:2/m.test(
          await inNode(cluster, frozen, "valkey-cli", "info", "replication"),
        ),
      );
      await evidence?.giveBack();
    },
  },
});
