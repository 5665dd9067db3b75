import { rethinkdb } from "../engines/subjects/rethinkdb.ts";
import { bringUp } from "../support/cluster.ts";
import { allButOne, connectsAllClients, LONG_HOLD } from "./conformance.ts";

// The servers are stand-ins (tools/airgap/engines/rethinkdb): what is tried is the drivers' part.
const cluster = await bringUp({ name: "chats", engine: "rethinkdb", deployment: LONG_HOLD });
const { whole } = await rethinkdb(cluster);

await connectsAllClients({
  ...{ cluster, engine: "rethinkdb", endpoint: "any", whole },
  hold: allButOne(cluster),
});
