import { connectsAllClients } from "../../../tests/clients/conformance.ts";
import { bringUp } from "../../../tests/support/cluster.ts";
import { wholeRing } from "./subject.ts";

// Cassandra stands in: what is tried is the drivers' part.
const cluster = await bringUp({ name: "events", engine: "scylladb" });
// Its forms name all nodes, so that those of one endpoint are those of each.
const [endpoint = ""] = Object.keys(cluster.outputs.endpoints);

await connectsAllClients({ cluster, engine: "scylladb", endpoint, whole: wholeRing(cluster) });
