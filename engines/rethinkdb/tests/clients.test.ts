import { allButOne, connectsAllClients, LONG_HOLD } from "../../../tests/clients/conformance.ts";
import { bringUp } from "../../../tests/support/cluster.ts";
import { rethinkdb } from "./subject.ts";

// The servers are stand-ins (engines/rethinkdb/stand-in): what is tried is the drivers' part.
const cluster = await bringUp({ name: "chats", engine: "rethinkdb", deployment: LONG_HOLD });
const { whole } = await rethinkdb(cluster);

await connectsAllClients({
  ...{ cluster, engine: "rethinkdb", endpoint: "any", whole },
  hold: allButOne(cluster),
});
