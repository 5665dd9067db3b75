import { mysql } from "../engines/subjects/mysql.ts";
import { bringUp } from "../support/cluster.ts";
import { allButOne, connectsAllClients, LONG_HOLD } from "./conformance.ts";

const cluster = await bringUp({ name: "shop", engine: "mysql", deployment: LONG_HOLD });
const { led } = await mysql(cluster);
const { whole, leader, switchover, evidence } = led;

await connectsAllClients({
  ...{ cluster, engine: "mysql", endpoint: "primary", whole, led: { leader, switchover } },
  ...(evidence && { hold: evidence }),
  // The steward unlocks the portals' login. Frozen nodes come back as members; what is started anew waits for a majority.
  lastingHold: allButOne(cluster, leader, ["pause", "unpause"]),
});
