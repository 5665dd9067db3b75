import { rabbitmq } from "../engines/subjects/rabbitmq.ts";
import { bringUp } from "../support/cluster.ts";
import { connectsAllClients } from "./conformance.ts";

const cluster = await bringUp({ name: "jobs", engine: "rabbitmq" });
const { whole } = await rabbitmq(cluster);

await connectsAllClients({ cluster, engine: "rabbitmq", endpoint: "any", whole });
