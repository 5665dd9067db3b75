import { connectsAllClients, LONG_HOLD } from "../../../tests/clients/conformance.ts";
import { bringUp, containerOf } from "../../../tests/support/cluster.ts";
import { execWell } from "../../../tests/support/containers.ts";
import { elasticsearch } from "./subject.ts";

const cluster = await bringUp({ name: "logs", engine: "elasticsearch", deployment: LONG_HOLD });
const { whole } = await elasticsearch(cluster);

/** What whoever has no password may ask, which is what the portals ask. */
const allow = (what: string, instead: string) => async () => {
  const edit = `s,cluster:monitor/${what}",cluster:monitor/${instead}",`;
  const command = ["sed", "-i", edit, "/run/portico/config/roles.yml"];
  // Root has no rights there beyond its own files.
  const each = cluster.nodes.map((node) =>
    execWell(containerOf(cluster, node), command, "elasticsearch"),
  );
  await Promise.all(each);
};

await connectsAllClients({
  ...{ cluster, engine: "elasticsearch", endpoint: "any", whole },
  // Alone, a node would serve what it can.
  hold: { lose: allow("health", "nothing"), giveBack: allow("nothing", "health") },
});
