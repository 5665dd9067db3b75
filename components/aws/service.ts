import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { keys } from "../../infra/model/aws/keys.ts";
import { serviceArchive } from "../../infra/model/aws/service-archive.ts";
import type { Store } from "./store.ts";

export interface ServiceArgs {
  readonly store: Store;
  /** Absolute path of the folder with the service's sources. */
  readonly folder: string;
}

/** The service that every machine runs, as an object that they fetch. A new one reaches them without touching an instance. */
export class Service extends pulumi.ComponentResource {
  /** What an instance is started with, before its names are filled in. */
  readonly userData: string;

  constructor(
    name: string,
    { store, folder }: ServiceArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("portico:aws:Service", name, {}, opts);

    this.userData = readFileSync(join(folder, "user-data.sh"), "utf8");
    new aws.s3.BucketObjectv2(
      name,
      {
        bucket: store.bucket,
        key: keys.service,
        contentBase64: serviceArchive(sourcesIn(folder)).toString("base64"),
        contentType: "application/zip",
        serverSideEncryption: "aws:kms",
        kmsKeyId: store.keyArn,
        bucketKeyEnabled: true,
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

/** The Python files below a folder, by path. */
function sourcesIn(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".py"))
    .sort();
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(folder, file), "utf8")]));
}
