import type { EndpointRow } from "../../engines/row.ts";
import { catalogue, endpointsOf } from "../../engines/table.ts";
import type { Host } from "../../engines/uri.ts";
import { hostList } from "../../engines/uri.ts";
import type { Deployment } from "./stack.ts";

/** By the address that nodes tell of each other: the portal's address for the same node. */
export type AddressMap = Readonly<Record<string, string>>;

export interface AddressMaps {
  /**
   * For one client that outlives the loss of a portal: the nodes are spread over the portals, and those that are left reach all
   * data. Its values are the contact points.
   */
  readonly addressMap: AddressMap;
  /** One per portal, all nodes in each: for clients that have a portal of their own, such as one in their zone. */
  readonly addressMaps: readonly AddressMap[];
}

interface Member {
  readonly name: string;
  readonly address: string;
}

/** True for engines whose drivers learn of nodes by private addresses, and ask an address translator where to connect. */
export function isPerNode(deployment: Deployment): boolean {
  return endpointsOf(deployment).every(({ route }) => route === "node");
}

/** `hostsOf`: an endpoint's hosts, one per portal. */
export function addressMapsOf(
  deployment: Deployment,
  nodes: readonly Member[],
  hostsOf: (endpoint: EndpointRow) => readonly Host[],
): AddressMaps {
  const { server } = catalogue[deployment.engine];
  const served = endpointsOf(deployment).flatMap((endpoint) => {
    const member = nodes.find(({ name }) => name === endpoint.node);
    return member === undefined ? [] : [{ member, hosts: hostsOf(endpoint) }];
  });
  const mapBy = (portalOf: (ordinal: number) => number): AddressMap =>
    Object.fromEntries(
      served.map(({ member: { address }, hosts }, ordinal) => [
        hostList([{ host: address, port: server }]),
        hostList(hosts.slice(portalOf(ordinal)).slice(0, 1)),
      ]),
    );
  const portals = served[0]?.hosts.length ?? 0;
  return {
    addressMap: mapBy((ordinal) => ordinal % portals),
    addressMaps: Array.from({ length: portals }, (_, portal) => mapBy(() => portal)),
  };
}
