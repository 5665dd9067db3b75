import { join } from "node:path";

import * as aws from "@pulumi/aws";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Engine } from "../../engines/table.ts";
import type { Architecture } from "../../infra/model/aws-machine.ts";
import { ImageArchive } from "../own-provider.ts";
import type { Store } from "./store.ts";

/** Ids of the images that machines run. */
export interface ImageIds {
  readonly portal: pulumi.Input<string>;
  readonly nodes: { readonly [E in Engine]?: pulumi.Input<string> | undefined };
}

export interface ImagesArgs {
  readonly store: Store;
  readonly region: string;
  /** Absolute path of the project. */
  readonly project: string;
  readonly architecture: Architecture;
  /** The engines whose nodes are needed. */
  readonly engines: readonly Engine[];
}

/** Images that are built here, kept in ECR by digest, and put into the bucket as archives, since nodes reach nothing else. */
export class Images extends pulumi.ComponentResource implements ImageIds {
  readonly portal: pulumi.Output<string>;
  readonly nodes: { readonly [E in Engine]?: pulumi.Output<string> };

  constructor(
    name: string,
    { store, region, project, architecture, engines }: ImagesArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("portico:aws:Images", name, {}, opts);
    const child = { parent: this };
    const build = (image: string, folder: string): pulumi.Output<string> => {
      const repository = new aws.ecr.Repository(
        image,
        { imageScanningConfiguration: { scanOnPush: true }, forceDelete: true },
        child,
      );
      // The password is another one each time; that alone doesn't change the image.
      const login = aws.ecr.getAuthorizationTokenOutput(
        { registryId: repository.registryId },
        child,
      );
      const built = new docker.Image(
        image,
        {
          imageName: pulumi.interpolate`${repository.repositoryUrl}:built`,
          build: {
            context: join(project, folder),
            dockerfile: join(project, folder, "Dockerfile"),
            platform: `linux/${architecture}`,
          },
          registry: {
            server: repository.repositoryUrl,
            username: login.userName,
            password: pulumi.secret(login.password),
          },
          buildOnPreview: false,
        },
        child,
      );
      const { bucket, keyArn: key } = store;
      return new ImageArchive(
        image,
        { image: built.repoDigest, bucket, region, key },
        { ...child, dependsOn: store },
      ).imageId;
    };

    this.portal = build("portal", "proxy-image");
    this.nodes = Object.fromEntries(
      engines.map((engine) => [engine, build(`node-${engine}`, `engines/${engine}/node-image`)]),
    );
    this.registerOutputs({ portal: this.portal });
  }
}
