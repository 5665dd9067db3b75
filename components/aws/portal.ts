import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { catalogue } from "../../engines/table.ts";
import { keys } from "../../infra/model/aws-bucket.ts";
import { portalMachine, portalMemory } from "../../infra/model/aws-machine.ts";
import type { MachinePlan } from "../../infra/model/aws-plan.ts";
import { portalServerCertificate } from "../../infra/model/aws-plan.ts";
import { portalCertificate } from "../../infra/model/certificates.ts";
import { Certificate, HostKey } from "../certificates.ts";
import { json } from "../own-provider.ts";
import type { DeploymentContext } from "./machine.ts";
import { Machine } from "./machine.ts";
import { Objects } from "./store.ts";

export interface PortalAddressArgs {
  readonly context: DeploymentContext;
  readonly portal: MachinePlan;
  readonly securityGroup: pulumi.Input<string>;
}

/** A portal's public addresses, which outlive its instance. */
export class PortalAddress extends pulumi.ComponentResource {
  readonly networkInterfaceId: pulumi.Output<string>;
  readonly ipv4: pulumi.Output<string>;
  readonly ipv6: pulumi.Output<string>;

  constructor(
    name: string,
    { context, portal, securityGroup }: PortalAddressArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("portico:aws:PortalAddress", name, {}, opts);
    const child = { parent: this };

    const wire = new aws.ec2.NetworkInterface(
      name,
      {
        subnetId: context.network.subnetIds[portal.subnet.name] as pulumi.Output<string>,
        privateIps: [portal.address],
        ipv6AddressCount: 1,
        securityGroups: [securityGroup],
        tags: { Name: name },
      },
      child,
    );
    // Clients have it in their URIs, and certificates name it.
    const address = new aws.ec2.Eip(
      name,
      { domain: "vpc", tags: { Name: name } },
      { ...child, protect: true },
    );
    new aws.ec2.EipAssociation(
      name,
      { allocationId: address.id, networkInterfaceId: wire.id },
      { ...child, dependsOn: context.network.gateway },
    );

    this.networkInterfaceId = wire.id;
    this.ipv4 = address.publicIp;
    this.ipv6 = wire.ipv6Addresses.apply(([first = ""]) => first);
    this.registerOutputs({ ipv4: this.ipv4, ipv6: this.ipv6 });
  }
}

export interface PortalArgs {
  readonly context: DeploymentContext;
  readonly portal: MachinePlan;
  readonly address: PortalAddress;
  readonly document: pulumi.Resource;
  /** The portal whose image this one waits for. */
  readonly after: string | undefined;
}

/** One portal: its settings in the bucket, and the instance behind its address. */
export class Portal extends pulumi.ComponentResource {
  /** What its SSH portal shows to clients. Undefined: it has none. */
  readonly hostKey: pulumi.Output<string> | undefined;

  constructor(name: string, args: PortalArgs, opts?: pulumi.ComponentResourceOptions) {
    super("portico:aws:Portal", name, {}, opts);
    const { context, portal, address, document, after } = args;
    const { target, deployment, images, store, authority, passwords } = context;
    const child = { parent: this };

    const client = new Certificate(
      `${name}-client`,
      { plan: portalCertificate(portal), authority },
      child,
    );
    const pin = deployment.pins[name];
    const instanceType = pin?.type ?? deployment.portalType;
    const engine = catalogue[deployment.engine];
    const server =
      engine.tls === "portal"
        ? new Certificate(
            `${name}-server`,
            {
              plan: portalServerCertificate(portal),
              laterAddresses: [address.ipv4, address.ipv6],
              authority,
            },
            child,
          )
        : undefined;
    const hostKey = deployment.ssh && new HostKey(`${name}-ssh`, child);
    const source = store.bucket.apply((bucket) => ({
      kind: "s3",
      bucket,
      region: target.region,
      key: keys.document(deployment.name),
      reportKey: keys.applied(deployment.name, name),
    }));
    const file = (file: string, content: pulumi.Input<string>) => [
      `${name}-${file}`,
      { key: keys.file(deployment.name, name, file), content },
    ];
    const files = new Objects(
      `${name}-files`,
      {
        store,
        objects: Object.fromEntries([
          file(
            "portal.json",
            source.apply((source) => json({ name, source })),
          ),
          file("secrets.json", passwords.forPortals(engine).apply(json)),
          file("ca.crt", authority.certificate),
          file("client.crt", client.certificate),
          file("client.key", client.key),
          ...(server
            ? [file("server.crt", server.certificate), file("server.key", server.key)]
            : []),
          ...(hostKey ? [file("ssh_host_key", hostKey.privateKey)] : []),
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
              .output(images.portal)
              .apply((image) =>
                json(portalMachine(image, portalMemory(instanceType), deployment.name, after)),
              ),
          },
        },
      },
      { ...child, dependsOn: files },
    );
    new Machine(
      name,
      {
        context,
        isPortal: true,
        ami: pin?.ami ?? target.ami,
        instanceType,
        networkInterfaceId: address.networkInterfaceId,
        after,
        finds: [...settings.all, document],
      },
      child,
    );
    this.hostKey = hostKey?.publicKey;
    this.registerOutputs({});
  }
}
