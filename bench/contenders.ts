import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { removeAll, start } from "./containers.ts";
import { addressOf, type Facts } from "./facts.ts";
import { templateConfig } from "./haproxy-config.ts";

/** One way to reach the leader. */
export interface Contender {
  readonly key: string;
  readonly title: string;
  /** libpq's parameters for where to connect. All else is the same for everybody. */
  readonly where: string;
}

export const MEASURING = "portico-bench-client";

/** Starts the competitors' containers and the measuring one. `folder` is on the host and holds what they mount. */
export async function startContenders(facts: Facts, folder: string): Promise<readonly Contender[]> {
  await removeAll();
  const networks = [facts.publicNetwork, facts.privateNetwork];
  const identity = `${facts.identity}:/identity:ro`;
  await start({
    name: MEASURING,
    image: facts.nodeImage,
    command: ["sleep", "infinity"],
    binds: [identity, `${join(import.meta.dirname, "client")}:/client:ro`],
    networks,
  });
  const proxies: Contender[] = [];
  for (const inter of ["3s", "250ms"] as const) {
    const name = `portico-bench-haproxy-${inter}`;
    const own = join(folder, inter);
    await mkdir(own, { recursive: true });
    await chmod(own, 0o755);
    await writeFile(join(own, "haproxy.cfg"), templateConfig(facts, inter));
    await start({
      name,
      image: facts.proxyImage,
      command: ["haproxy", "-W", "-db", "-f", "/competitor/haproxy.cfg"],
      binds: [identity, `${own}:/competitor:ro`],
      networks,
    });
    proxies.push({
      key: `haproxy-${inter}`,
      title: `HAProxy, Patroni's template${inter === "3s" ? "" : `, inter ${inter}`}`,
      where: `host=${await addressOf(name, facts.publicNetwork)} port=5000`,
    });
  }
  return [
    {
      key: "portico",
      title: "Portico",
      where: `host=${facts.portal.host} port=${facts.portal.port}`,
    },
    ...proxies,
    {
      key: "libpq",
      title: "libpq's list of hosts, no proxy",
      // 2 s is the shortest that libpq's documentation allows. Proxies hide a lost host; without one somebody must give up.
      where: `host=${facts.nodes.map(({ address }) => address).join(",")} port=5432 target_session_attrs=read-write connect_timeout=2`,
    },
  ];
}
