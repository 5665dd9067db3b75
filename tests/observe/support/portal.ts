import type { Identity } from "../../../proxy-image/src/observe/observer.ts";
import type { Authority } from "../../support/authority.ts";

/** Who a portal is to the servers of this authority. */
export async function portalOf(authority: Authority): Promise<Identity> {
  return {
    ca: authority.pem,
    ...(await leafOf(authority, "portal")),
    logins: { etcd: { user: "portal", password: "secret" } },
  };
}

/** Certificate and key of a server or client, as Node's TLS takes them. */
export async function leafOf(
  authority: Authority,
  name: string,
): Promise<{ readonly cert: string; readonly key: string }> {
  const { certificate: cert, key } = await authority.issue([name]);
  return { cert, key };
}
