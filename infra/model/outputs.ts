import { patienceOf } from "../../engines/client-form.ts";
import type { EndpointRow } from "../../engines/row.ts";
import { catalogue, endpointsOf, formsOf } from "../../engines/table.ts";
import type { Connection, Host } from "../../engines/uri.ts";
import { uriOf, urisOf } from "../../engines/uri.ts";
import type { AddressMap } from "./address-map.ts";
import type { LocalPlan } from "./plan.ts";
import type { Deployment } from "./stack.ts";

const THIS_MACHINE = "127.0.0.1";

/** Where a client on this machine finds an endpoint: one host per portal, in their order. */
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

/** One endpoint, as each client needs it. */
export function endpointOutput(
  { name, engine, timing }: Deployment,
  connection: Connection,
  addressMap: AddressMap | undefined,
) {
  const row = catalogue[engine];
  return {
    uri: uriOf(row, connection),
    uris: urisOf(row, connection),
    hosts: connection.hosts,
    clients: formsOf(engine, {
      ...connection,
      ...{ deployment: name, patience: patienceOf(timing.hold) },
      ...(addressMap && { addressMap }),
    }),
  };
}

/** What a deployment is, and whose it is, as far as its engine has such things. */
export function identityOf({ engine, version, user, database, rotate }: Deployment) {
  const { servedBy, standIn, options } = catalogue[engine];
  return {
    engine,
    version,
    ...(servedBy !== undefined && { servedBy: `${servedBy} ${version}` }),
    ...(standIn !== undefined && { standIn }),
    ...(options.includes("user") && { user }),
    ...(options.includes("database") && { database }),
    // So that a preview shows when an older password would come back.
    ...(rotate > 0 && { rotate }),
  };
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

/** The only account that the SSH portal knows. */
const SSH_USER = "tunnel";

export interface SshOutput<Host> {
  /** One per portal, in their order: host, port, and the key that it shows. */
  readonly hosts: readonly Host[];
  readonly user: string;
  /** By endpoint: what a tunnel's far end is called, at the portal. */
  readonly forwardTo: Readonly<Record<string, string>>;
}

/** How to open a tunnel. Nothing where SSH is off. */
export function sshOutput<Host>(
  deployment: Deployment,
  hosts: readonly Host[],
): { readonly ssh?: SshOutput<Host> } {
  if (deployment.ssh === undefined) return {};
  const forwardTo = Object.fromEntries(
    endpointsOf(deployment).map(({ name, port }) => [name, `127.0.0.1:${port}`]),
  );
  return { ssh: { hosts, user: SSH_USER, forwardTo } };
}
