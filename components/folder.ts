import { join } from "node:path";

import * as pulumi from "@pulumi/pulumi";

import { Directory, File } from "./files.ts";

export interface FolderArgs {
  /** Absolute. */
  readonly path: string;
  /** Content by file name. */
  readonly files: Readonly<Record<string, pulumi.Input<string>>>;
  /** The directory that keeps others out; it is there first. */
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
