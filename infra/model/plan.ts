// A deployment's place on this machine: names, addresses and ports, all of which follow from its slot.

import { nodeNames, portsOf } from "../../engines/table.ts";
import { addressIn } from "./block.ts";
import type { CertificatePlan } from "./certificates.ts";
import type { LocalDeployment, LocalTarget } from "./stack.ts";

/** Where everything of one deployment is on this machine: its names, addresses and ports. */
export interface LocalPlan {
  /** First part of every Docker name: the stack's and the deployment's. */
  readonly prefix: string;
  readonly network: NetworkPlan;
  readonly nodes: readonly NodePlan[];
  readonly portals: readonly PortalPlan[];
}

export interface NodePlan {
  /** Its name in the cluster, its host name, and the logical name of its resources. */
  readonly name: string;
  readonly container: string;
  readonly volume: string;
  readonly address: string;
}

export interface PortalPlan {
  readonly name: string;
  readonly container: string;
  readonly volume: string;
  /** On the deployment's network. */
  readonly address: string;
  /** On the network that all portals share: for clients in other containers. */
  readonly publicAddress: string;
  /** By endpoint, and `status`: the port inside and the one on 127.0.0.1. */
  readonly ports: Readonly<Record<string, { readonly internal: number; readonly host: number }>>;
}

export interface NetworkPlan {
  readonly name: string;
  readonly cidr: string;
  /** The bridge's own address. On the portals' network it is the source of a client on this machine (Linux). */
  readonly gateway: string;
}

export const PORTS_A_DEPLOYMENT = 20;
export const HIGHEST_SLOT = 239;

/** The first /20 of the range. */
export function planPublicNetwork({ name, range }: LocalTarget): NetworkPlan {
  const cidr = `${addressIn(range, 0)}/20`;
  return { name: `${name}-public`, cidr, gateway: addressIn(cidr, 1) };
}

export function planDeployment(deployment: LocalDeployment, local: LocalTarget): LocalPlan {
  const { name, slot } = deployment;
  const prefix = `${local.name}-${name}`;
  const cidr = deployment.network ?? `${addressIn(local.range, (16 + slot) * 256)}/24`;
  return {
    prefix,
    network: { name: prefix, cidr, gateway: addressIn(cidr, 1) },
    nodes: nodeNames(deployment).map((node, index) => ({
      name: node,
      container: `${local.name}-${node}`,
      volume: `${local.name}-${node}-data`,
      address: addressIn(cidr, 11 + index),
    })),
    portals: count(deployment.portals).map((ordinal) => ({
      name: `${name}-portal-${ordinal}`,
      container: `${prefix}-portal-${ordinal}`,
      volume: `${prefix}-portal-${ordinal}-state`,
      address: addressIn(cidr, 3 + ordinal),
      publicAddress: addressIn(local.range, slot * 8 + 7 + ordinal),
      ports: planPorts(deployment, local.firstPort, ordinal),
    })),
  };
}

/** Ports that the first two portals have in a row for each endpoint. */
const PAIR = 2;

/**
 * Each port of each portal has its offset in the slot, whatever the number of portals: the first two share the lower part, endpoint by
 * endpoint; the third and the fourth have a row each, below the slot's end.
 */
function planPorts(
  deployment: LocalDeployment,
  firstPort: number,
  ordinal: number,
): PortalPlan["ports"] {
  const first = firstPort + deployment.slot * PORTS_A_DEPLOYMENT;
  const offset = (index: number) =>
    ordinal <= PAIR
      ? index * PAIR + ordinal - 1
      : PORTS_A_DEPLOYMENT - (ordinal - PAIR) * mostPorts(deployment) + index;
  return Object.fromEntries(
    portsOf(deployment).map(({ name, port }, index) => [
      name,
      { internal: port, host: first + offset(index) },
    ]),
  );
}

/** Ports of one portal, that of SSH among them, whether it is on or off. */
function mostPorts(deployment: LocalDeployment): number {
  return portsOf({ ...deployment, ssh: { keys: {} } }).length;
}

/** How many ports of its slot a deployment takes. */
export function portsTaken(deployment: LocalDeployment): number {
  const { portals } = deployment;
  const pair = PAIR * portsOf(deployment).length;
  return portals <= PAIR ? pair : pair + (portals - PAIR) * mostPorts(deployment);
}

function count(to: number): readonly number[] {
  return Array.from({ length: to }, (_, index) => index + 1);
}

/**
 * A database server's certificate on a node. TLS passes through the portals, so it names every place where a client may connect:
 * the portals on each of their networks, and this machine, where their ports are published.
 */
export function serverCertificate(
  node: NodePlan,
  { portals }: LocalPlan,
  uses: CertificatePlan["uses"] = ["server_auth"],
): CertificatePlan {
  return {
    dnsNames: [
      node.name,
      ...portals.flatMap(({ name, container }) => [name, container]),
      "localhost",
    ],
    ipAddresses: [
      node.address,
      ...portals.map(({ publicAddress }) => publicAddress),
      ...portals.map(({ address }) => address),
      "127.0.0.1",
    ],
    uses,
  };
}

/** A portal's own certificate, where it ends TLS: every name and address at which a client finds it. */
export function portalServerCertificate({
  name,
  container,
  publicAddress,
  address,
}: PortalPlan): CertificatePlan {
  return {
    dnsNames: [name, container, "localhost"],
    ipAddresses: [publicAddress, address, "127.0.0.1"],
    uses: ["server_auth"],
  };
}

/**
 * A slot for every deployment: the one that it had, otherwise the lowest that nobody has or had. A deployment that is gone
 * keeps its slot for as long as it is listed, since its volumes may still be there.
 */
export function assignSlots(
  names: readonly string[],
  kept: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const had = new Map(Object.entries(kept));
  const used = new Set(had.values());
  const assigned = [...names].sort().map((name) => {
    const slot = had.get(name) ?? lowestFree(used);
    used.add(slot);
    return [name, slot] as const;
  });
  return Object.fromEntries(assigned);
}

function lowestFree(used: ReadonlySet<number>): number {
  let slot = 0;
  while (used.has(slot)) slot++;
  return slot;
}
