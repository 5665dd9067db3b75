import { r } from "rethinkdb-ts";
import type { Subject } from "../../../tests/engines/conformance.ts";
import type { Cluster } from "../../../tests/support/cluster.ts";
import { addressesOf, targetsOf } from "../../../tests/support/cluster.ts";
import { until } from "../../../tests/support/containers.ts";
import { allServe } from "../../../tests/support/pool.ts";
import type { Target } from "../../../tests/support/writer.ts";
import { connect, idsIn, inserting, TABLE } from "./client.ts";

/**
 * Creates the table that is written to. The servers are stand-ins for RethinkDB (engines/rethinkdb/stand-in); driver, portal
 * and agent are real.
 */
export async function rethinkdb(cluster: Cluster): Promise<Subject> {
  const target = targetsOf(cluster, "any")[0] as Target;
  const whole = () => allServe(cluster);
  await until("a whole cluster", 240, whole);

  const connection = await connect(target);
  await r.tableCreate(TABLE).run(connection);
  await connection.close();
  return {
    ...{ cluster, whole },
    driver: inserting(await addressesOf(cluster)),
    written: () => idsIn(target),
  };
}
