import type { Subject } from "../../../tests/engines/conformance.ts";
import type { Cluster } from "../../../tests/support/cluster.ts";
import { addressesOf } from "../../../tests/support/cluster.ts";
import { until } from "../../../tests/support/containers.ts";
import { allServe } from "../../../tests/support/pool.ts";
import { clientFor, INDEX, idsIn, indexing } from "./client.ts";

/** Creates the index that is written to. */
export async function elasticsearch(cluster: Cluster): Promise<Subject> {
  const { ca, endpoints } = cluster.outputs;
  const { uri = "" } = endpoints.any ?? {};
  const through = async <T>(use: (client: ReturnType<typeof clientFor>) => Promise<T>) => {
    const client = clientFor(uri, ca);
    return use(client).finally(() => client.close());
  };

  /** All shards in their places as well: a node that is back has still to catch up. */
  const whole = async () => {
    await allServe(cluster);
    const { body } = await through((client) => client.cluster.health());
    if (body.status !== "green") throw new Error(`the cluster is ${body.status}`);
    return true as const;
  };
  await until("a whole cluster", 240, whole);

  const settings = { number_of_shards: 3, number_of_replicas: 1 };
  await through((client) => client.indices.create({ index: INDEX, body: { settings } }));
  return {
    ...{ cluster, whole },
    driver: indexing(await addressesOf(cluster)),
    written: () => idsIn(uri, ca),
  };
}
