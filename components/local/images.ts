import { join } from "node:path";

import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

export interface ImagesArgs {
  /** First part of the images' names. */
  readonly stack: string;
  /** What the images start from. */
  readonly base: string;
  /** Absolute path of the project. */
  readonly project: string;
}

/** The images of all deployments, built here and named by what is in them. */
export class Images extends pulumi.ComponentResource {
  readonly node: pulumi.Output<string>;
  readonly portal: pulumi.Output<string>;

  constructor(
    name: string,
    { stack, base, project }: ImagesArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("portico:local:Images", name, {}, opts);
    const build = (image: string, folder: string): docker.Image =>
      new docker.Image(
        image,
        {
          imageName: `${stack}-${image}`,
          build: {
            context: join(project, folder),
            dockerfile: join(project, folder, "Dockerfile"),
            args: { BASE: base },
          },
          skipPush: true,
        },
        { parent: this },
      );

    const node = build("node-postgresql", "node-image/postgresql");
    const portal = build("portal", "proxy-image");

    // The digest, not the name: a name would leave the old container running.
    this.node = node.repoDigest;
    this.portal = portal.repoDigest;
    this.registerOutputs({ node: this.node, portal: this.portal });
  }
}
