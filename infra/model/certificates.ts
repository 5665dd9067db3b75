// What certificates name. Those that name where clients connect are with each target's plan: plan.ts, aws-plan.ts.

/**
 * What a leaf certificate names. There is no common name: etcd's JSON gateway refuses client certificates that have
 * one, and nobody else needs it.
 */
export interface CertificatePlan {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly uses: readonly ("server_auth" | "client_auth")[];
}

/** A machine on a deployment's private network. */
interface Peer {
  readonly name: string;
  readonly address: string;
}

/** A node's certificate towards the other nodes and the portals, both ways. */
export function peerCertificate({ name, address }: Peer): CertificatePlan {
  return {
    dnsNames: [name, "localhost"],
    ipAddresses: [address, "127.0.0.1"],
    uses: ["server_auth", "client_auth"],
  };
}

/** With this one a portal may ask the nodes. */
export function portalCertificate({ name, address }: Peer): CertificatePlan {
  return { dnsNames: [name], ipAddresses: [address], uses: ["client_auth"] };
}
