import { allButOne, connectsAllClients, LONG_HOLD } from "../../../tests/clients/conformance.ts";
import { bringUp } from "../../../tests/support/cluster.ts";
import { mysql } from "./subject.ts";

const cluster = await bringUp({ name: "shop", engine: "mysql", deployment: LONG_HOLD });
const { led } = await mysql(cluster);
const { whole, leader, switchover, evidence } = led;

await connectsAllClients({
  ...{ cluster, engine: "mysql", endpoint: "primary", whole, led: { leader, switchover } },
  ...(evidence && { hold: evidence }),
  // The steward unlocks the portals' login. Frozen nodes come back as members; what is started anew waits for a majority.
  lastingHold: allButOne(cluster, leader, ["pause", "unpause"]),
});
