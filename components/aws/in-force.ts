import * as pulumi from "@pulumi/pulumi";

export interface InForceArgs {
  readonly bucket: pulumi.Input<string>;
  readonly region: string;
  /** SHA-256 of the document. */
  readonly digest: string;
  /** Key of each portal's report, by the portal's name. */
  readonly reports: Readonly<Record<string, string>>;
  /** Seconds that a living portal may take. */
  readonly timeout: number;
}

/** A resource of our own provider (`infra/provider`): an update of it is done when every portal that lives has applied the document. */
export class InForce extends pulumi.CustomResource {
  constructor(name: string, args: InForceArgs, opts?: pulumi.CustomResourceOptions) {
    super("portico:index:InForce", name, { ...args }, opts);
  }
}
