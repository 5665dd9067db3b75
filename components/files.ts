import * as pulumi from "@pulumi/pulumi";

/** Resources of our own provider (`infra/provider`): files and directories on the machine that runs the program. */

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
