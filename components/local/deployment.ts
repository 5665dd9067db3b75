import { join } from "node:path";

import * as pulumi from "@pulumi/pulumi";

import { catalogue } from "../../engines/table.ts";
import { documentOf } from "../../infra/model/document.ts";
import type { LocalPlan } from "../../infra/model/plan.ts";
import type { LocalDeployment as Plan } from "../../infra/model/stack.ts";
import { formatDocument } from "../../proxy-image/src/contract.ts";
import { Authority } from "../certificates.ts";
import { Directory, Document, File, PrivateFile } from "../own-provider.ts";
import { Passwords } from "../passwords.ts";
import type { DeploymentContext } from "./container.ts";
import { labelsOf, paths } from "./container.ts";
import type { Images } from "./images.ts";
import type { PublicNetwork } from "./networks.ts";
import { PrivateNetwork } from "./networks.ts";
import { Node } from "./node.ts";
import { Portal } from "./portal.ts";

/** Seconds that a living portal may take to apply a document. */
const PATIENCE = 30;

export interface DeploymentArgs {
  readonly stack: string;
  readonly deployment: Plan;
  readonly plan: LocalPlan;
  /** Absolute path of the deployment's files on the host. */
  readonly path: string;
  readonly images: Images;
  readonly publicNetwork: PublicNetwork;
}

/** One database deployment on this machine. */
export class Deployment extends pulumi.ComponentResource {
  /** PEM of the authority that signed the certificates which clients see. */
  readonly authority: pulumi.Output<string>;
  /** Secret. */
  readonly password: pulumi.Output<string>;
  /** What each portal's SSH shows to clients; none where it is off. */
  readonly hostKeys: readonly pulumi.Output<string>[];

  constructor(name: string, args: DeploymentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("portico:local:Deployment", name, {}, opts);
    const { stack, deployment, plan, path, images, publicNetwork } = args;
    const child = { parent: this };

    const directory = new Directory(name, { path, mode: "0700" }, child);
    const context: DeploymentContext = {
      deployment,
      path,
      directory,
      labels: labelsOf(stack, name),
    };
    const authority = new Authority(name, child);
    const passwords = new Passwords(name, deployment, child);
    const network = new PrivateNetwork(
      name,
      { plan: plan.network, stack, deployment: name },
      child,
    );
    new File(
      `${name}-ca`,
      { path: paths.authority(path), content: authority.certificate },
      { ...child, dependsOn: directory },
    );
    const { passwordFile } = catalogue[deployment.engine];
    new PrivateFile(
      `${name}-password`,
      {
        path: join(path, passwordFile.name),
        content: passwords
          .for("app")
          .apply((password) => passwordFile.text(deployment.user, password)),
      },
      { ...child, dependsOn: directory },
    );
    const document = this.#document(name, context, plan);

    const nodes = plan.nodes.map(
      (node) =>
        new Node(
          node.name,
          {
            ...{ context, plan, node, authority, passwords },
            image: images.node(deployment.engine),
            network: network.networkName,
          },
          child,
        ),
    );
    // One after the other, so that an upgrade leaves clients a portal at every moment.
    const portals: Portal[] = [];
    for (const portal of plan.portals)
      portals.push(
        new Portal(
          portal.name,
          {
            ...{ context, portal, authority, passwords },
            image: images.portal,
            privateNetwork: network.networkName,
            publicNetwork: publicNetwork.networkName,
            after: [document, ...nodes, ...portals],
          },
          child,
        ),
      );

    this.authority = authority.certificate;
    this.password = passwords.for("app");
    this.hostKeys = portals.flatMap(({ hostKey }) => hostKey ?? []);
    this.registerOutputs({ authority: this.authority });
  }

  #document(
    name: string,
    { deployment, path, directory }: DeploymentContext,
    plan: LocalPlan,
  ): Document {
    const folder = new Directory(
      `${name}-document`,
      { path: paths.document(path), mode: "0755" },
      { parent: this, dependsOn: directory },
    );
    return new Document(
      name,
      {
        path: join(paths.document(path), "document.json"),
        content: formatDocument(documentOf(deployment, plan.nodes)),
        reports: Object.fromEntries(
          plan.portals.map((portal) => [
            portal.name,
            join(paths.report(path, portal.name), "applied.json"),
          ]),
        ),
        timeout: PATIENCE,
      },
      { parent: this, dependsOn: folder },
    );
  }
}
