import assert from "node:assert/strict";

import { type Cluster, inNode } from "./cluster.ts";

/** Fails where a process of a node is root's or could become it, or where fewer than `least` run there. */
export async function nobodyIsRoot(cluster: Cluster, node: string, least: number): Promise<void> {
  const each = 'for p in /proc/[0-9]*; do grep -hE "^(Name|Uid|CapPrm):" $p/status; done';
  const output = await inNode(cluster, node, "setpriv", "--reuid=nobody", "sh", "-c", each);

  const users = [...output.matchAll(/^Uid:\s+(\d+)/gm)].map(([, user]) => user);
  assert.ok(users.length >= least);
  assert.equal(users.includes("0"), false, output);
  for (const [, permitted] of output.matchAll(/^CapPrm:\s+(\w+)/gm))
    assert.match(permitted ?? "", /^0+$/);
}
