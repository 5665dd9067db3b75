import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { catalogue } from "../../engines/table.ts";
import { peerCertificate } from "../../infra/model/certificates.ts";
import { nodeSettings, sharedMemory } from "../../infra/model/node-settings.ts";
import type { LocalPlan, NodePlan } from "../../infra/model/plan.ts";
import { serverCertificate } from "../../infra/model/plan.ts";
import type { Authority } from "../certificates.ts";
import { Certificate } from "../certificates.ts";
import { Folder, json } from "../own-provider.ts";
import type { Passwords } from "../passwords.ts";
import type { DeploymentContext } from "./container.ts";
import { hardened, paths } from "./container.ts";

/** Seconds that a node gets to stop: PostgreSQL writes all that its buffers hold, Elasticsearch hands its shards over. Docker's own 10 would cut them. */
const GRACE = 70;

export interface NodeArgs {
  readonly context: DeploymentContext;
  readonly plan: LocalPlan;
  readonly node: NodePlan;
  readonly image: pulumi.Input<string>;
  /** Name of the deployment's network. */
  readonly network: pulumi.Input<string>;
  readonly authority: Authority;
  readonly passwords: Passwords;
}

/** One database node: its volume, its certificates and settings as files, and its container. */
export class Node extends pulumi.ComponentResource {
  constructor(
    name: string,
    { context, plan, node, image, network, authority, passwords }: NodeArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("portico:local:Node", name, {}, opts);
    const child = { parent: this };
    const { deployment, labels } = context;

    const volume = new docker.Volume(
      `${name}-data`,
      { name: node.volume, labels },
      { ...child, protect: true },
    );
    const engine = catalogue[deployment.engine];
    const server =
      engine.tls === "server"
        ? new Certificate(
            `${name}-server`,
            { plan: serverCertificate(node, plan, engine.serverUses), authority },
            child,
          )
        : undefined;
    const peer = new Certificate(`${name}-peer`, { plan: peerCertificate(node), authority }, child);

    const path = paths.node(context.path, node.name);
    const folder = new Folder(
      name,
      {
        path,
        within: context.directory,
        files: {
          "node.json": json(nodeSettings(deployment, plan.nodes, node)),
          "secrets.json": passwords.forNodes(engine).apply(json),
          "ca.crt": authority.certificate,
          ...(server && { "server.crt": server.certificate, "server.key": server.key }),
          "peer.crt": peer.certificate,
          "peer.key": peer.key,
        },
      },
      child,
    );

    new docker.Container(
      name,
      {
        ...hardened(deployment.memory),
        name: node.container,
        hostname: node.name,
        image,
        networksAdvanced: [{ name: network, ipv4Address: node.address }],
        volumes: [
          { containerPath: "/etc/portico/node", hostPath: path, readOnly: true },
          { containerPath: "/var/lib/portico", volumeName: volume.name },
        ],
        tmpfs: { "/run": "", "/tmp": "" },
        // Fixed when a container is made: with it a change of `memory` makes a new one, which PostgreSQL's buffers need anyway.
        ...(engine.sharesMemory && { shmSize: sharedMemory(deployment.memory) }),
        labels,
        // A new member copies the leader's data before it is healthy.
        waitTimeout: 300,
        // For Pulumi, and for whoever else stops it: `docker stop`, or the engine when the machine goes down.
        destroyGraceSeconds: GRACE,
        stopTimeout: GRACE,
      },
      { ...child, dependsOn: folder, deleteBeforeReplace: true },
    );
    this.registerOutputs({});
  }
}
