import { elasticsearch } from "../engines/subjects/elasticsearch.ts";
import { bringUp } from "../support/cluster.ts";
import { connectsAllClients } from "./conformance.ts";

const cluster = await bringUp({ name: "logs", engine: "elasticsearch" });
const { whole } = await elasticsearch(cluster);

await connectsAllClients({ cluster, engine: "elasticsearch", endpoint: "any", whole });
