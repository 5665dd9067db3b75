import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { catalogue } from "../../engines/table.ts";
import { keys } from "../../infra/model/aws-bucket.ts";
import { nodeMachine } from "../../infra/model/aws-machine.ts";
import type { MachinePlan } from "../../infra/model/aws-plan.ts";
import { serverCertificate } from "../../infra/model/aws-plan.ts";
import { peerCertificate } from "../../infra/model/certificates.ts";
import { nodeSettings } from "../../infra/model/node-settings.ts";
import { Certificate } from "../certificates.ts";
import { json } from "../own-provider.ts";
import type { DeploymentContext } from "./machine.ts";
import { Machine } from "./machine.ts";
import { Objects } from "./store.ts";

export interface NodeArgs {
  readonly context: DeploymentContext;
  readonly node: MachinePlan;
  readonly securityGroup: pulumi.Input<string>;
  /** Public addresses of the portals, at which clients see the node's certificate. */
  readonly portalAddresses: readonly pulumi.Input<string>[];
  /** Tag by which its volume gets daily snapshots. */
  readonly snapshots: Readonly<Record<string, string>>;
}

/** One database node: data volume and network interface that outlive its instance, its settings in the bucket, and the instance. */
export class Node extends pulumi.ComponentResource {
  constructor(name: string, args: NodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("portico:aws:Node", name, {}, opts);
    const { context, node, securityGroup, portalAddresses, snapshots } = args;
    const { target, deployment, plan, images, store, network, authority, passwords } = context;
    const child = { parent: this };
    const kept = { ...child, protect: true, retainOnDelete: true };

    const volume = new aws.ebs.Volume(
      `${name}-data`,
      {
        availabilityZone: node.subnet.zone,
        size: deployment.volume,
        type: "gp3",
        encrypted: true,
        kmsKeyId: store.keyArn,
        tags: { Name: `${name}-data`, ...snapshots },
      },
      kept,
    );
    const wire = new aws.ec2.NetworkInterface(
      name,
      {
        subnetId: network.subnetIds[node.subnet.name] as pulumi.Output<string>,
        privateIps: [node.address],
        securityGroups: [securityGroup],
        tags: { Name: name },
      },
      kept,
    );
    const engine = catalogue[deployment.engine];
    const server =
      engine.tls === "server"
        ? new Certificate(
            `${name}-server`,
            {
              plan: serverCertificate(node, plan, engine.serverUses),
              laterAddresses: portalAddresses,
              authority,
            },
            child,
          )
        : undefined;
    const peer = new Certificate(`${name}-peer`, { plan: peerCertificate(node), authority }, child);

    const pin = deployment.pins[name];
    const image = pin?.image ?? images.nodes[deployment.engine] ?? "";
    const file = (file: string, content: pulumi.Input<string>) => [
      `${name}-${file}`,
      { key: keys.file(deployment.name, name, file), content },
    ];
    const files = new Objects(
      `${name}-files`,
      {
        store,
        objects: Object.fromEntries([
          file("node.json", json(nodeSettings(deployment, plan.nodes, node))),
          file("secrets.json", passwords.forNodes(engine).apply(json)),
          file("ca.crt", authority.certificate),
          ...(server
            ? [file("server.crt", server.certificate), file("server.key", server.key)]
            : []),
          file("peer.crt", peer.certificate),
          file("peer.key", peer.key),
        ]),
      },
      child,
    );
    // Comes last, so that all that it names is there when the machine reads it.
    const settings = new Objects(
      name,
      {
        store,
        objects: {
          [`${name}-machine.json`]: {
            key: keys.machine(deployment.name, name),
            content: pulumi
              .all([image, volume.id])
              .apply(([image, id]) => json(nodeMachine(image, deployment.memory, id))),
          },
        },
      },
      { ...child, dependsOn: files },
    );
    const machine = new Machine(
      name,
      {
        context,
        isPortal: false,
        ami: pin?.ami ?? target.ami,
        instanceType: pin?.type ?? deployment.nodeType,
        networkInterfaceId: wire.id,
        finds: settings.all,
      },
      child,
    );
    new aws.ec2.VolumeAttachment(
      name,
      {
        deviceName: "/dev/sdf",
        instanceId: machine.instanceId,
        volumeId: volume.id,
        stopInstanceBeforeDetaching: true,
      },
      { ...child, deleteBeforeReplace: true },
    );
    this.registerOutputs({});
  }
}
