import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { keys } from "../../infra/model/aws/keys.ts";
import type { Store } from "./store.ts";

export interface ServiceArgs {
  readonly store: Store;
  /** What Python runs: a zip with the service's modules. */
  readonly archive: Buffer;
}

/** The service that every machine runs, as an object that they fetch. A new one reaches them without touching an instance. */
export class Service extends pulumi.ComponentResource {
  constructor(
    name: string,
    { store, archive }: ServiceArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("portico:aws:Service", name, {}, opts);

    new aws.s3.BucketObjectv2(
      name,
      {
        bucket: store.bucket,
        key: keys.service,
        contentBase64: archive.toString("base64"),
        contentType: "application/zip",
        serverSideEncryption: "aws:kms",
        kmsKeyId: store.keyArn,
        bucketKeyEnabled: true,
      },
      { parent: this, dependsOn: store },
    );
    this.registerOutputs({});
  }
}
