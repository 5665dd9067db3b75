import { type Cluster, containerOf } from "../../../tests/support/cluster.ts";
import { exec } from "../../../tests/support/containers.ts";

/** Resolves once every node sees every node up and in its place. The servers are Cassandra's, which stands in for ScyllaDB. */
export const wholeRing = (cluster: Cluster) => async (): Promise<true> => {
  for (const node of cluster.nodes) {
    const { output } = await exec(containerOf(cluster, node), ["nodetool", "status"]);
    const up = output.split("\n").filter((line) => line.startsWith("UN ")).length;
    if (up !== cluster.nodes.length) throw new Error(`${node} sees ${up} nodes up: ${output}`);
  }
  return true;
};
