import { join } from "node:path";

import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import type { Engine } from "../../engines/table.ts";

export interface ImagesArgs {
  /** First part of the images' names. */
  readonly stack: string;
  /** What the images start from. */
  readonly base: string;
  /** Absolute path of the project. */
  readonly project: string;
  /** The engines whose nodes are needed. */
  readonly engines: readonly Engine[];
}

/** The images of all deployments, built here and named by what is in them. */
export class Images extends pulumi.ComponentResource {
  readonly #nodes: Readonly<Partial<Record<Engine, pulumi.Output<string>>>>;
  readonly portal: pulumi.Output<string>;

  constructor(
    name: string,
    { stack, base, project, engines }: ImagesArgs,
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

    const portal = build("portal", "proxy-image");

    // The digest, not the name: a name would leave the old container running.
    this.#nodes = Object.fromEntries(
      engines.map((engine) => [
        engine,
        build(`node-${engine}`, `engines/${engine}/node-image`).repoDigest,
      ]),
    );
    this.portal = portal.repoDigest;
    this.registerOutputs({ portal: this.portal });
  }

  /** The image of an engine's nodes. */
  node(engine: Engine): pulumi.Output<string> {
    const image = this.#nodes[engine];
    if (image === undefined) throw new Error(`no image of ${engine} was asked for`);
    return image;
  }
}
