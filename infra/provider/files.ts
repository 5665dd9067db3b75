// Directories and files on this machine, as resources.
import { chmod, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import type { Kind, Props } from "./kind.ts";
import {
  diffByPath,
  formatPermissions,
  isMissing,
  permissions,
  textOf,
  wrappedLike,
} from "./kind.ts";

/**
 * A directory on this machine: `path`, `mode`. One that a container mounts must be there before the container is: Docker
 * would make it as root. Deleting it takes along what containers have left in it.
 */
export const directory: Kind = {
  diff: diffByPath,
  create: async (props) => {
    await make(props);
    return { id: String(props.path), outs: props };
  },
  read: async (id, props) => {
    try {
      const { mode } = await stat(id);
      return { ...props, path: id, mode: formatPermissions(mode) };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  },
  update: async (_olds, news) => {
    await make(news);
    return news;
  },
  delete: (id) => rm(id, { recursive: true, force: true }),
};

async function make(props: Props): Promise<void> {
  const path = String(props.path);
  await mkdir(path, { recursive: true });
  await chmod(path, permissions(props.mode));
}

/** A file on this machine: `path`, `content`, `mode`. Its directory is there already. */
export const file: Kind = {
  diff: diffByPath,
  create: async (props) => {
    await write(props);
    return { id: String(props.path), outs: props };
  },
  read: async (id, props) => {
    try {
      const content = await readFile(id, "utf8");
      const { mode } = await stat(id);
      return {
        ...props,
        path: id,
        content: wrappedLike(props.content, content),
        mode: formatPermissions(mode),
      };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  },
  update: async (_olds, news) => {
    await write(news);
    return news;
  },
  delete: (id) => rm(id, { force: true }),
};

/** Whoever reads the file meanwhile sees the old content or the new one, never a part; a crash leaves one of the two. */
async function write(props: Props): Promise<void> {
  const path = String(props.path);
  const mode = permissions(props.mode);
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.new`);
  const handle = await open(draft, "w", mode);
  try {
    await handle.writeFile(textOf(props.content));
    await handle.sync();
  } finally {
    await handle.close();
  }
  // The umask has cut the mode that `open` was given.
  await chmod(draft, mode);
  await rename(draft, path);
}
