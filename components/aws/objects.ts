import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import type { Store } from "./store.ts";

export interface ObjectsArgs {
  readonly store: Store;
  /** By logical name: key in the bucket, and content. */
  readonly objects: Readonly<
    Record<string, { readonly key: string; readonly content: pulumi.Input<string> }>
  >;
}

/** Objects that machines read. The bucket encrypts them. */
export class Objects extends pulumi.ComponentResource {
  readonly all: readonly pulumi.Resource[];

  constructor(
    name: string,
    { store, objects }: ObjectsArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("portico:aws:Objects", name, {}, opts);

    this.all = Object.entries(objects).map(
      ([id, { key, content }]) =>
        new aws.s3.BucketObjectv2(
          id,
          {
            bucket: store.bucket,
            key,
            content,
            contentType: key.endsWith(".json") ? "application/json" : "text/plain",
            serverSideEncryption: "aws:kms",
            kmsKeyId: store.keyArn,
            bucketKeyEnabled: true,
          },
          // Not into a bucket that is not yet closed, encrypted and versioned.
          { parent: this, dependsOn: store },
        ),
    );
    this.registerOutputs({});
  }
}
