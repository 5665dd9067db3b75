import type { Subject } from "../../../tests/engines/conformance.ts";
import type { Cluster } from "../../../tests/support/cluster.ts";
import { addressesOf } from "../../../tests/support/cluster.ts";
import { until } from "../../../tests/support/containers.ts";
import { allServe } from "../../../tests/support/pool.ts";
import { clientFor, farewell, idsIn, publishing, QUEUE } from "./client.ts";

/** Declares the queue that is written to. */
export async function rabbitmq(cluster: Cluster): Promise<Subject> {
  const { ca, endpoints } = cluster.outputs;
  const { uri = "" } = endpoints.any ?? {};
  const whole = () => allServe(cluster);
  await until("a whole cluster", 240, whole);

  // No arguments: what a queue is without any is what the virtual host makes of it.
  const client = await clientFor(uri, ca);
  const channel = await client.createChannel();
  await channel.assertQueue(QUEUE, { durable: true });
  await farewell(client);
  return {
    ...{ cluster, whole },
    driver: publishing(await addressesOf(cluster)),
    written: () => idsIn(uri, ca),
  };
}
