import { r } from "rethinkdb-ts";

import type { Cluster } from "../../support/cluster.ts";
import { addressesOf, targetsOf } from "../../support/cluster.ts";
import { until } from "../../support/containers.ts";
import { allServe } from "../../support/pool.ts";
import { connect, idsIn, inserting, TABLE } from "../../support/rethinkdb.ts";
import type { Target } from "../../support/writer.ts";
import type { Subject } from "../conformance.ts";

/**
 * Creates the table that is written to. The servers are stand-ins for RethinkDB (tools/airgap/engines/rethinkdb); driver, portal
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
