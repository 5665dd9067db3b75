import { delimiter } from "node:path";

/** From here on every plugin that a stack of this process asks for as `aws` is the stand-in: what is on PATH wins over what is installed. */
export function standInForAws(): void {
  // What asks AWS itself finds nobody, and at once.
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: "AKIASTANDIN",
    AWS_SECRET_ACCESS_KEY: "stand-in",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_ENDPOINT_URL_S3: process.env.AWS_ENDPOINT_URL_S3 ?? "http://127.0.0.1:9",
  });
  process.env.PATH = [import.meta.dirname, process.env.PATH].filter(Boolean).join(delimiter);
}
