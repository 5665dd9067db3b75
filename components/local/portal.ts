import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { catalogue } from "../../engines/table.ts";
import { portalCertificate } from "../../infra/model/certificates.ts";
import type { PortalPlan } from "../../infra/model/plan.ts";
import { portalServerCertificate } from "../../infra/model/plan.ts";
import type { Authority } from "../certificates.ts";
import { Certificate, HostKey } from "../certificates.ts";
import { Directory, Folder, json } from "../own-provider.ts";
import type { Passwords } from "../passwords.ts";
import type { DeploymentContext } from "./container.ts";
import { BUFFERS, hardened, PEERS, paths } from "./container.ts";

/** MiB. HAProxy takes as many connections with TLS as fit in. */
const MEMORY = 1024;

export interface PortalArgs {
  readonly context: DeploymentContext;
  readonly portal: PortalPlan;
  readonly image: pulumi.Input<string>;
  /** Names of the deployment's network and of the one that all portals share. */
  readonly privateNetwork: pulumi.Input<string>;
  readonly publicNetwork: pulumi.Input<string>;
  readonly authority: Authority;
  readonly passwords: Passwords;
  /** What is there before the portal starts. */
  readonly after: readonly pulumi.Resource[];
}

/** One portal: the only container of a deployment that anything outside can reach. */
export class Portal extends pulumi.ComponentResource {
  /** What its SSH portal shows to clients. Undefined: it has none. */
  readonly hostKey: pulumi.Output<string> | undefined;

  constructor(name: string, args: PortalArgs, opts?: pulumi.ComponentResourceOptions) {
    super("portico:local:Portal", name, {}, opts);
    const { context, portal, image, privateNetwork, publicNetwork } = args;
    const { authority, passwords, after } = args;
    const child = { parent: this };

    const volume = new docker.Volume(
      `${name}-state`,
      { name: portal.volume, labels: context.labels },
      { ...child, protect: true },
    );
    const engine = catalogue[context.deployment.engine];
    const client = new Certificate(
      `${name}-client`,
      { plan: portalCertificate(portal), authority },
      child,
    );

    const identity = paths.identity(context.path, portal.name);
    const server =
      engine.tls === "portal"
        ? new Certificate(
            `${name}-server`,
            { plan: portalServerCertificate(portal), authority },
            child,
          )
        : undefined;
    const hostKey = context.deployment.ssh && new HostKey(`${name}-ssh`, child);
    const folder = new Folder(
      name,
      {
        path: identity,
        within: context.directory,
        files: {
          "portal.json": json({ name: portal.name }),
          "secrets.json": passwords.forPortals(engine).apply(json),
          "ca.crt": authority.certificate,
          "client.crt": client.certificate,
          "client.key": client.key,
          ...(server && { "server.crt": server.certificate, "server.key": server.key }),
          ...(hostKey && { ssh_host_key: hostKey.privateKey }),
        },
      },
      child,
    );
    const report = paths.report(context.path, portal.name);
    const reports = new Directory(
      `${name}-report`,
      // The agent's user in the container is nobody that this machine knows. There, only it can enter the folder above; here, only we.
      { path: report, mode: "0777" },
      { ...child, dependsOn: context.directory },
    );

    const document = paths.document(context.path);
    new docker.Container(
      name,
      {
        ...hardened(MEMORY),
        sysctls: { ...PEERS, ...BUFFERS },
        // By the third one the portal's first process filters what leaves.
        capabilities: { drops: ["ALL"], adds: ["CAP_NET_ADMIN", "CAP_SETGID", "CAP_SETUID"] },
        name: portal.container,
        hostname: portal.name,
        image,
        // The public one first: its gateway is the way out, and the ports are published there.
        networksAdvanced: [
          { name: publicNetwork, ipv4Address: portal.publicAddress, aliases: [portal.name] },
          { name: privateNetwork, ipv4Address: portal.address },
        ],
        ports: Object.values(portal.ports).map(({ internal, host }) => ({
          internal,
          external: host,
          ip: "127.0.0.1",
        })),
        volumes: [
          { containerPath: "/etc/portico/document", hostPath: document, readOnly: true },
          { containerPath: "/etc/portico/identity", hostPath: identity, readOnly: true },
          { containerPath: "/agent/report", hostPath: report },
          { containerPath: "/var/lib/portico", volumeName: volume.name },
        ],
        tmpfs: { "/run": "", "/tmp": "" },
        labels: context.labels,
        waitTimeout: 120,
        destroyGraceSeconds: 5,
      },
      { ...child, dependsOn: [folder, reports, ...after], deleteBeforeReplace: true },
    );
    this.hostKey = hostKey?.publicKey;
    this.registerOutputs({});
  }
}
