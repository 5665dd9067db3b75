import type { CertificatePlan } from "../certificates.ts";
import type { AwsPlan, MachinePlan } from "./plan.ts";

/**
 * A database server's certificate on a node. TLS passes through the portals, so it also names theirs: their private addresses here, their
 * public ones are added when they are known.
 */
export function serverCertificate(
  node: MachinePlan,
  { portals }: AwsPlan,
  uses: CertificatePlan["uses"] = ["server_auth"],
): CertificatePlan {
  return {
    dnsNames: [node.name, ...portals.map(({ name }) => name), "localhost"],
    ipAddresses: [node.address, ...portals.map(({ address }) => address), "127.0.0.1"],
    uses,
  };
}

/** A portal's own certificate, where it ends TLS. Its public addresses are added when they are known. */
export function portalServerCertificate({ name, address }: MachinePlan): CertificatePlan {
  return {
    dnsNames: [name, "localhost"],
    ipAddresses: [address, "127.0.0.1"],
    uses: ["server_auth"],
  };
}
