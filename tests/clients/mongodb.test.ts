import { mongodb } from "../engines/subjects/mongodb.ts";
import { bringUp } from "../support/cluster.ts";
import { allButOne, connectsAllClients, LONG_HOLD } from "./conformance.ts";

// The servers are stand-ins (tools/airgap/engines/mongodb): what is tried is the drivers' part.
const cluster = await bringUp({ name: "carts", engine: "mongodb", deployment: LONG_HOLD });
const { whole, leader, switchover } = mongodb(cluster);

await connectsAllClients({
  ...{ cluster, engine: "mongodb", endpoint: "primary", whole, led: { leader, switchover } },
  hold: allButOne(cluster, leader),
});
