// Resources of our own provider (`infra/provider`): directories, files and documents on the machine that runs the program, the stack's
// inventory, and what waits or uploads on AWS.
import { join } from "node:path";

import * as pulumi from "@pulumi/pulumi";

import type { Inventory as Args, Known } from "../infra/model/inventory.ts";
import { forbidden } from "../infra/model/inventory.ts";

export interface DirectoryArgs {
  /** Absolute. Directories above it are made as needed. */
  readonly path: string;
  /** Permissions in octal, such as "0755". */
  readonly mode: string;
}

/** A directory. Deleting it deletes what is in it. */
export class Directory extends pulumi.CustomResource {
  /** The path once the directory is there. */
  declare readonly path: pulumi.Output<string>;

  constructor(name: string, args: DirectoryArgs, opts?: pulumi.CustomResourceOptions) {
    super("portico:index:Directory", name, { ...args }, opts);
  }
}

export interface FileArgs {
  /** Absolute, in a directory that is there. */
  readonly path: string;
  /** A secret stays one in the state. On disk it is as safe as the directories above it. */
  readonly content: pulumi.Input<string>;
}

/** A file of ours alone, for programs that we start. */
export class PrivateFile extends pulumi.CustomResource {
  declare readonly path: pulumi.Output<string>;

  constructor(name: string, args: FileArgs, opts?: pulumi.CustomResourceOptions) {
    super("portico:index:File", name, { ...args, mode: "0600" }, opts);
  }
}

/** A file that everyone who can reach its directory may read: a container's user is not ours. */
export class File extends pulumi.CustomResource {
  declare readonly path: pulumi.Output<string>;

  constructor(name: string, args: FileArgs, opts?: pulumi.CustomResourceOptions) {
    super("portico:index:File", name, { ...args, mode: "0644" }, opts);
  }
}

export interface DocumentArgs extends FileArgs {
  /** Where each portal reports what it has applied, by the portal's name. */
  readonly reports: Readonly<Record<string, string>>;
  /** Seconds that a living portal may take. */
  readonly timeout: number;
}

/** A file that portals watch. An update of it is done when every portal that lives has applied it. */
export class Document extends pulumi.CustomResource {
  declare readonly path: pulumi.Output<string>;

  constructor(name: string, args: DocumentArgs, opts?: pulumi.CustomResourceOptions) {
    super("portico:index:Document", name, { ...args, mode: "0644" }, opts);
  }
}

export interface FolderArgs {
  /** Absolute. */
  readonly path: string;
  /** Content by file name. */
  readonly files: Readonly<Record<string, pulumi.Input<string>>>;
  /** The directory that keeps others out. It is made first. */
  readonly within: Directory;
}

/** A directory for a container to mount, with the files that belong in it. */
export class Folder extends pulumi.ComponentResource {
  constructor(
    name: string,
    { path, files, within }: FolderArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("portico:index:Folder", name, {}, opts);

    const directory = new Directory(
      name,
      { path, mode: "0755" },
      { parent: this, dependsOn: within },
    );
    for (const [file, content] of Object.entries(files))
      new File(
        `${name}-${file}`,
        { path: join(path, file), content },
        { parent: this, dependsOn: directory },
      );
    this.registerOutputs({});
  }
}

/** Content of a file that a program reads and a person may. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** What of the stack can't change. It refuses what would. */
export class Inventory extends pulumi.CustomResource {
  readonly #wanted: Args;
  declare readonly place: pulumi.Output<Args["place"] | undefined>;
  declare readonly deployments: pulumi.Output<Args["deployments"] | undefined>;
  /** What earlier updates may have removed only in part. The provider's check finds out. */
  declare readonly leaving: pulumi.Output<Known["leaving"]>;

  constructor(args: Args) {
    // It outlives a stack that is taken down, as the data does.
    super(
      "portico:index:Inventory",
      "inventory",
      { ...args, leaving: undefined },
      { protect: true },
    );
    this.#wanted = args;
  }

  /**
   * Settles once the engine has let it pass: nothing else is declared before. With `--target` of something else the engine checks nothing
   * here, and answers with what its state has.
   */
  accepted(): Promise<void> {
    // A preview takes what the state doesn't have for unknown, and most states have nothing that is leaving.
    const former = pulumi.runtime.isDryRun() ? undefined : this.leaving;
    const checked = pulumi
      .all([this.place, this.deployments, former])
      .apply(([place, deployments, leaving]) => {
        const known = { ...(place && { place }), deployments: { ...leaving, ...deployments } };
        const why = forbidden(known, this.#wanted);
        if (why.length > 0) throw new pulumi.RunError(why.join("\n"));
      });
    // A preview never gets to see what can't be known yet, and it changes nothing.
    const passed: pulumi.Output<unknown> = pulumi.runtime.isDryRun() ? this.urn : checked;
    return new Promise((done) => {
      passed.apply(() => done());
    });
  }
}

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

/** An update of it is done when every portal that lives has applied the document. */
export class InForce extends pulumi.CustomResource {
  constructor(name: string, args: InForceArgs, opts?: pulumi.CustomResourceOptions) {
    super("portico:index:InForce", name, { ...args }, opts);
  }
}

export interface ImageArchiveArgs {
  /** By digest, never by a tag. */
  readonly image: pulumi.Input<string>;
  readonly bucket: pulumi.Input<string>;
  readonly region: string;
  /** ARN of the bucket's KMS key. */
  readonly key: pulumi.Input<string>;
}

/**
 * An image as an archive in the bucket, where machines without a way out find it.
 * The work is done in an update alone; a preview needs no Docker.
 */
export class ImageArchive extends pulumi.CustomResource {
  /** The image's id, which names the archive. */
  declare readonly imageId: pulumi.Output<string>;

  constructor(name: string, args: ImageArchiveArgs, opts?: pulumi.CustomResourceOptions) {
    super("portico:index:ImageArchive", name, { ...args, imageId: undefined }, opts);
  }
}
