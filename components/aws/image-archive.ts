import * as pulumi from "@pulumi/pulumi";

export interface ImageArchiveArgs {
  /** By digest, never by a tag. */
  readonly image: pulumi.Input<string>;
  readonly bucket: pulumi.Input<string>;
  readonly region: string;
  /** ARN of the bucket's KMS key. */
  readonly key: pulumi.Input<string>;
}

/**
 * A resource of our own provider (`infra/provider`): an image as an archive in the bucket, where machines without a way out find it.
 * The work is done in an update alone; a preview needs no Docker.
 */
export class ImageArchive extends pulumi.CustomResource {
  /** The image's id, which names the archive. */
  declare readonly imageId: pulumi.Output<string>;

  constructor(name: string, args: ImageArchiveArgs, opts?: pulumi.CustomResourceOptions) {
    super("portico:index:ImageArchive", name, { ...args, imageId: undefined }, opts);
  }
}
