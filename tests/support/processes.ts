import assert from "node:assert/strict";

import { type Cluster, inNode } from "./cluster.ts";
import { docker } from "./docker.ts";

/** Longer than the longest interval of a health check, whose processes count too. */
const WATCHED_SECONDS = 6;

/** The name of the container engine's first step into a container, as of a health check, and of the one out of root's hands. */
export const ENTERING = /^(runc|setpriv)/;

/**
 * Watches a node for some seconds. Fails where a process is root's or could become it, or where fewer than `least` are seen at once.
 */
export async function nobodyIsRoot(cluster: Cluster, node: string, least: number): Promise<void> {
  const look =
    'for p in /proc/[0-9]*; do grep -hE "^(Name|Uid|CapPrm):" $p/status; done 2>/dev/null; echo';
  const watch = `end=$(($(date +%s) + ${WATCHED_SECONDS})); while [ $(date +%s) -lt $end ]; do ${look}; done`;
  const output = await inNode(cluster, node, "setpriv", "--reuid=nobody", "sh", "-c", watch);

  const looks = output
    .trim()
    .split("\n\n")
    .map((seen) =>
      [...seen.matchAll(/^Name:\t(.*)\nUid:\t(\d+).*\nCapPrm:\t(\w+)$/gm)]
        .map(([, name = "", user, permitted]) => ({ name, user, permitted }))
        .filter(({ name }) => !ENTERING.test(name)),
    );
  assert.ok(Math.max(...looks.map((seen) => seen.length)) >= least, output);
  const mighty = looks
    .flat()
    .filter(({ user, permitted = "" }) => user === "0" || /[^0]/.test(permitted));
  assert.deepEqual(mighty, []);
}

/** Fails where a container's list of processes, as Docker gives it now, has one of root's or fewer than `least`. */
export async function noneIsRoots(container: string, least: number): Promise<void> {
  const { Titles, Processes } = await docker
    .getContainer(container)
    .top({ ps_args: "-eo uid,pid,args" });
  assert.equal(Titles[0], "UID");
  assert.ok(Processes.length >= least, `${Processes.length} processes`);
  assert.deepEqual(
    Processes.filter(
      ([uid = "", , args = ""]: string[]) => uid.trim() === "0" && !ENTERING.test(args),
    ),
    [],
  );
}
