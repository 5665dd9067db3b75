import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { pipeline } from "node:stream/promises";

interface DockerIgnore {
  add(patterns: string): DockerIgnore;
  createFilter(): (path: string) => boolean;
}

// The parser that dockerode packs the context with, so that digest and build see the same files.
const require = createRequire(createRequire(import.meta.url).resolve("dockerode/package.json"));
const dockerIgnore: (options: { ignorecase: boolean }) => DockerIgnore =
  require("@balena/dockerignore");

/** The files that a build sees, relative to `context`, in a fixed order. */
export async function contextFiles(context: string): Promise<readonly string[]> {
  const patterns = await readFile(join(context, ".dockerignore"), "utf8").catch(() => "");
  const kept = dockerIgnore({ ignorecase: false }).add(patterns).createFilter();
  const entries = await readdir(context, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(context, join(entry.parentPath, entry.name)))
    .filter(kept)
    .sort();
}

/** Changes when a file's path, mode or content does; a fresh clone of the same files has the same. */
export async function contextDigest(context: string): Promise<string> {
  const digest = createHash("sha256");
  for (const file of await contextFiles(context)) {
    const path = join(context, file);
    const { mode } = await stat(path).catch(async () => ({ mode: 0 }));
    digest.update(`${file}\0${mode & 0o111 ? "executable" : "plain"}\0`);
    if (mode === 0) digest.update(await readlink(path));
    else await pipeline(createReadStream(path), digest, { end: false });
    digest.update("\0");
  }
  return digest.digest("hex");
}
