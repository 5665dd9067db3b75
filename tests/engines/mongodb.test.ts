import { bringUp } from "../support/cluster.ts";
import { followsItsLeader } from "./conformance.ts";
import { mongodb } from "./subjects/mongodb.ts";

followsItsLeader(mongodb(await bringUp({ name: "carts", engine: "mongodb" })));
