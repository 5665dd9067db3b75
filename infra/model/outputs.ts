import type { EndpointRow } from "./engines/row.ts";
import type { LocalPlan } from "./plan.ts";
import type { Deployment } from "./stack.ts";
import type { Connection, Host } from "./uri.ts";

const THIS_MACHINE = "127.0.0.1";

/** Where a client on this machine finds an endpoint: one host a portal, in their order. */
export function endpointHosts({ portals }: LocalPlan, endpoint: string): readonly Host[] {
  return portals.flatMap(({ ports }) => {
    const port = ports[endpoint]?.host;
    return port === undefined ? [] : [{ host: THIS_MACHINE, port }];
  });
}

/** All of an endpoint's connection that is no secret. */
export function connectionOf(
  { database, user }: Deployment,
  hosts: readonly Host[],
  { route }: EndpointRow,
  caFile: string,
): Omit<Connection, "password" | "ca"> {
  return { hosts, user, database, route, caFile };
}

export interface PortalOutput {
  readonly name: string;
  /** On the network that all portals share. */
  readonly address: string;
  /** On this machine. */
  readonly status: string;
}

export function portalOutputs({ portals }: LocalPlan): readonly PortalOutput[] {
  return portals.map(({ name, publicAddress, ports }) => ({
    name,
    address: publicAddress,
    status: `http://${THIS_MACHINE}:${ports.status?.host}/status`,
  }));
}
