import { catalogue, endpointsOf, SSH, STATUS } from "../../engines/table.ts";
import type { PortalDocument } from "../../proxy-image/src/contract.ts";
import { CONTRACT } from "../../proxy-image/src/contract.ts";
import type { Deployment } from "./stack.ts";

/**
 * What a deployment's portals get to know. Nothing in it depends on the clock: an entry that is over stays in it, with its
 * date, and the portals let nobody in on it.
 */
export function documentOf(
  deployment: Deployment,
  nodes: readonly { readonly name: string; readonly address: string }[],
): PortalDocument {
  const { server, evidence, tls, connections } = catalogue[deployment.engine];
  return {
    contract: CONTRACT,
    deployment: deployment.name,
    engine: deployment.engine,
    generation: deployment.generation,
    nodes: Object.fromEntries(nodes.map(({ name, address }) => [name, { address, port: server }])),
    evidence: evidence(deployment.name),
    endpoints: Object.fromEntries(
      endpointsOf(deployment).map(({ name, port, route, node }) => [
        name,
        {
          port,
          route,
          ...(node !== undefined && { node }),
          ...(tls === "portal" && { tls: true }),
        },
      ]),
    ),
    status: STATUS,
    ...(connections && { sessions: share(connections(deployment.memory), deployment.portals) }),
    maxLag: deployment.maxLag,
    timing: deployment.timing,
    fallback: deployment.fallback,
    open: deployment.open,
    whitelist: Object.fromEntries(
      deployment.whitelist.map(({ cidr, note, until }) => [
        cidr,
        until === undefined ? note : { note, until },
      ]),
    ),
    ...(deployment.ssh && { ssh: { port: SSH, keys: deployment.ssh.keys } }),
  };
}

/** A node's connections, divided among the portals: clients who gave up during a hold would otherwise use up the node, all at once. */
function share(connections: number, portals: number): number {
  return Math.max(1, Math.floor(connections / portals));
}
