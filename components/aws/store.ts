// The stack's bucket, and what is put into it: settings of machines, and the service that they run.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { bucketPolicy, keys } from "../../infra/model/aws-bucket.ts";

export interface StoreArgs {
  /** First part of the bucket's name, which AWS completes so that it is unique. */
  readonly stack: string;
}

/** The stack's bucket with its key: settings, secrets and images of all machines. Both stay when the stack goes. */
export class Store extends pulumi.ComponentResource {
  readonly bucket: pulumi.Output<string>;
  readonly bucketArn: pulumi.Output<string>;
  readonly keyArn: pulumi.Output<string>;

  constructor(name: string, { stack }: StoreArgs, opts?: pulumi.ComponentResourceOptions) {
    super("portico:aws:Store", name, {}, opts);
    const child = { parent: this };
    const kept = { ...child, protect: true, retainOnDelete: true };

    const key = new aws.kms.Key(
      "key",
      { description: `Portico ${stack}`, enableKeyRotation: true, deletionWindowInDays: 30 },
      kept,
    );
    const bucket = new aws.s3.Bucket("bucket", { bucketPrefix: `${stack}-` }, kept);
    const versioned = new aws.s3.BucketVersioning(
      "bucket",
      { bucket: bucket.id, versioningConfiguration: { status: "Enabled" } },
      child,
    );
    // Reports come every minute, and nobody asks for an older one.
    new aws.s3.BucketLifecycleConfiguration(
      "bucket",
      {
        bucket: bucket.id,
        rules: [
          {
            id: "reports",
            status: "Enabled",
            filter: { prefix: keys.reports },
            noncurrentVersionExpiration: { noncurrentDays: 1 },
          },
        ],
      },
      { ...child, dependsOn: versioned },
    );
    new aws.s3.BucketServerSideEncryptionConfiguration(
      "bucket",
      {
        bucket: bucket.id,
        rules: [
          {
            applyServerSideEncryptionByDefault: {
              sseAlgorithm: "aws:kms",
              kmsMasterKeyId: key.arn,
            },
            // Without it each poll of a portal would be a paid call of KMS.
            bucketKeyEnabled: true,
          },
        ],
      },
      child,
    );
    const closed = new aws.s3.BucketPublicAccessBlock(
      "bucket",
      {
        bucket: bucket.id,
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
      child,
    );
    new aws.s3.BucketPolicy(
      "bucket",
      { bucket: bucket.id, policy: bucket.arn.apply(bucketPolicy) },
      { ...child, dependsOn: closed },
    );

    this.bucket = bucket.bucket;
    this.bucketArn = bucket.arn;
    this.keyArn = key.arn;
    this.registerOutputs({ bucket: this.bucket });
  }
}

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
          // The bucket has to be closed, encrypted and versioned first.
          { parent: this, dependsOn: store },
        ),
    );
    this.registerOutputs({});
  }
}

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
