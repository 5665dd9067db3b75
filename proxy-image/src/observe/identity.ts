import type { SecureContext, SecureVersion } from "node:tls";
import { createSecureContext } from "node:tls";

import type { Identity } from "./observer.ts";

export type Credentials =
  | { readonly kind: "usable"; readonly context: SecureContext }
  | { readonly kind: "unusable"; readonly why: string };

/** Reads certificates and key once for all connections. Never throws. */
export function credentialsOf(
  { ca, cert, key }: Identity,
  maxVersion: SecureVersion = "TLSv1.3",
): Credentials {
  try {
    const context = createSecureContext({ ca, cert, key, minVersion: "TLSv1.2", maxVersion });
    return { kind: "usable", context };
  } catch (error) {
    const why = `the portal's certificate can't be used: ${(error as Error).message}`;
    return { kind: "unusable", why };
  }
}
