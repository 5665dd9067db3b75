// Read in terraform-provider-aws, internal/service/s3: object.go, bucket_policy.go, bucket_public_access_block.go, bucket.go (an older one),
// and the heads of bucket_versioning.go, bucket_lifecycle_configuration.go and bucket_server_side_encryption_configuration.go; in pulumi-aws 7.x,
// provider/resource_overrides.go. Not verified: that `objectLockEnabled` replaces. The blocks of Bucket that have a resource of their own
// (versioning, policy, …) are left out on purpose.
import { createHash } from "node:crypto";

import { arn } from "../plausible.ts";
import {
  asset,
  boolean,
  list,
  map,
  number,
  object,
  replacing,
  required,
  set,
  string,
} from "../shape.ts";
import { inRegion, type Table, tagged } from "../table.ts";

export const bucket: Table = {
  inputs: {
    bucket: replacing(string),
    bucketPrefix: replacing(string),
    forceDestroy: boolean,
    objectLockEnabled: replacing(boolean),
    ...inRegion,
    ...tagged,
  },
  atMostOneOf: [["bucket", "bucketPrefix"]],
  autoname: { property: "bucket", make: (name, random) => `${name.toLowerCase()}-${random}` },
  id: ({ inputs }) => String(inputs.bucket),
  outputs: {
    arn: ({ id }) => bucketArn(id),
    bucketDomainName: ({ id }) => `${id}.s3.amazonaws.com`,
    bucketRegion: ({ region }) => region,
    bucketRegionalDomainName: ({ id, region }) => `${id}.s3.${region}.amazonaws.com`,
    hostedZoneId: ({ hex }) => `Z${hex(13).toUpperCase()}`,
  },
};

const ofBucket = { bucket: required(replacing(string)), ...inRegion };

export const bucketVersioning: Table = {
  inputs: {
    ...ofBucket,
    versioningConfiguration: required(object({ status: required(string), mfaDelete: string })),
    mfa: string,
  },
  id: ({ inputs }) => String(inputs.bucket),
};

export const bucketLifecycle: Table = {
  inputs: {
    ...ofBucket,
    rules: list(
      object({
        id: required(string),
        status: required(string),
        filter: object({ prefix: string }),
        expiration: object({ days: number }),
        noncurrentVersionExpiration: object({
          noncurrentDays: required(number),
          newerNoncurrentVersions: number,
        }),
        abortIncompleteMultipartUpload: object({ daysAfterInitiation: number }),
      }),
    ),
    transitionDefaultMinimumObjectSize: string,
  },
  id: ({ inputs }) => String(inputs.bucket),
};

export const bucketEncryption: Table = {
  inputs: {
    ...ofBucket,
    rules: required(
      set(
        object({
          applyServerSideEncryptionByDefault: object({
            sseAlgorithm: required(string),
            kmsMasterKeyId: string,
          }),
          blockedEncryptionTypes: list(string),
          bucketKeyEnabled: boolean,
        }),
      ),
    ),
  },
  id: ({ inputs }) => String(inputs.bucket),
};

export const bucketPublicAccessBlock: Table = {
  inputs: {
    ...ofBucket,
    blockPublicAcls: boolean,
    blockPublicPolicy: boolean,
    ignorePublicAcls: boolean,
    restrictPublicBuckets: boolean,
  },
  id: ({ inputs }) => String(inputs.bucket),
};

export const bucketPolicy: Table = {
  inputs: { ...ofBucket, policy: required(string) },
  id: ({ inputs }) => String(inputs.bucket),
};

export const bucketObject: Table = {
  inputs: {
    ...ofBucket,
    key: replacing(string),
    content: string,
    contentBase64: string,
    source: asset,
    sourceHash: string,
    contentType: string,
    contentEncoding: string,
    cacheControl: string,
    etag: string,
    kmsKeyId: string,
    serverSideEncryption: string,
    bucketKeyEnabled: boolean,
    storageClass: string,
    metadata: map(string),
    forceDestroy: boolean,
    ...tagged,
  },
  atMostOneOf: [
    ["content", "contentBase64", "source"],
    ["etag", "kmsKeyId"],
  ],
  defaults: (name) => ({ key: name }),
  renewed: ["etag", "versionId"],
  id: ({ inputs }) => `${String(inputs.bucket)}/${String(inputs.key)}`,
  outputs: {
    arn: ({ id }) => bucketArn(id),
    contentType: () => "application/octet-stream",
    etag: ({ inputs }) => digest(inputs.content ?? inputs.contentBase64 ?? inputs.source),
    kmsKeyId: () => "",
    serverSideEncryption: () => "AES256",
    storageClass: () => "STANDARD",
    versionId: ({ hex }) => hex(32, "version"),
  },
};

function bucketArn(name: string): string {
  return arn({ service: "s3", account: "", resource: name });
}

function digest(content: unknown): string {
  const text = typeof content === "string" ? content : JSON.stringify(content ?? "");
  return createHash("md5").update(text).digest("hex");
}
