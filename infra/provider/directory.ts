import { chmod, mkdir, rm, stat } from "node:fs/promises";

import type { Kind, Props } from "./kind.ts";
import { diffByPath, formatPermissions, isMissing, permissions } from "./kind.ts";

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
