import { X509Certificate } from "node:crypto";

import type { PortalIdentity } from "./identity.ts";

export interface Ending {
  readonly certificate: "client" | "server";
  /** Wall-clock milliseconds. */
  readonly at: number;
}

/** When a portal's certificates end. What is no certificate is left out: whoever is to use it refuses it. */
export function endingsOf({
  cert,
  server,
}: Pick<PortalIdentity, "cert" | "server">): readonly Ending[] {
  const pems = [
    ["client", cert],
    ["server", server],
  ] as const;
  return pems.flatMap(([certificate, pem]) => {
    try {
      return pem === undefined
        ? []
        : [{ certificate, at: Date.parse(new X509Certificate(pem).validTo) }];
    } catch {
      return [];
    }
  });
}
