import type { LocalPlan, NodePlan, PortalPlan } from "./plan.ts";

/**
 * Whom a leaf certificate speaks for. There is no common name: etcd's JSON gateway refuses client certificates that have
 * one, and nobody else needs it.
 */
export interface CertificatePlan {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly uses: readonly ("server_auth" | "client_auth")[];
}

/** A machine on a deployment's private network. */
interface Speaker {
  readonly name: string;
  readonly address: string;
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

/** A node's certificate towards the other nodes and the portals, both ways. */
export function peerCertificate({ name, address }: Speaker): CertificatePlan {
  return {
    dnsNames: [name, "localhost"],
    ipAddresses: [address, "127.0.0.1"],
    uses: ["server_auth", "client_auth"],
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

/** With this one a portal may ask etcd and Patroni. */
export function portalCertificate({ name, address }: Speaker): CertificatePlan {
  return { dnsNames: [name], ipAddresses: [address], uses: ["client_auth"] };
}
