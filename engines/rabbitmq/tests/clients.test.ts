import { connectsAllClients, LONG_HOLD } from "../../../tests/clients/conformance.ts";
import { bringUp, inNode } from "../../../tests/support/cluster.ts";
import { rabbitmq } from "./subject.ts";

const cluster = await bringUp({ name: "jobs", engine: "rabbitmq", deployment: LONG_HOLD });
const { whole } = await rabbitmq(cluster);

const greet = (property: (node: string) => string) => async () => {
  const each = cluster.nodes.map((node) => {
    const set = `application:set_env(rabbit, server_properties, [${property(node)}]).`;
    return inNode(cluster, node, "rabbitmqctl", "eval", set);
  });
  await Promise.all(each);
};

await connectsAllClients({
  ...{ cluster, engine: "rabbitmq", endpoint: "any", whole },
  // Alone, a node would serve or be gone: nothing is held for either. All of them greet as of another cluster.
  hold: {
    lose: greet(() => `{<<"cluster_name">>, longstr, <<"invoices">>}`),
    giveBack: greet((node) => `{<<"node">>, longstr, <<"${node}">>}`),
  },
});
