import { allButOne, connectsAllClients, LONG_HOLD } from "../../../tests/clients/conformance.ts";
import { bringUp } from "../../../tests/support/cluster.ts";
import { mongodb } from "./subject.ts";

// The servers are stand-ins (engines/mongodb/stand-in): what is tried is the drivers' part.
const cluster = await bringUp({ name: "carts", engine: "mongodb", deployment: LONG_HOLD });
const { whole, leader, switchover } = mongodb(cluster);

await connectsAllClients({
  ...{ cluster, engine: "mongodb", endpoint: "primary", whole, led: { leader, switchover } },
  hold: allButOne(cluster, leader),
});
